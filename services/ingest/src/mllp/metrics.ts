/** Metrics of the MLLP listeners as data. Labels carry channel names and our own codes, never anything of a message. */
import { defineMetrics, secondsBuckets } from '@clinstream/runtime/telemetry';

export const mllpMetrics = defineMetrics({
  connections: { kind: 'gauge', name: 'clinstream_mllp_connections', help: 'Connections open now.', labels: ['channel'] },
  closed: {
    kind: 'counter',
    name: 'clinstream_mllp_connections_closed_total',
    help: 'Connections ended, by reason.',
    labels: ['channel', 'reason'],
  },
  refused: {
    kind: 'counter',
    name: 'clinstream_mllp_connections_refused_total',
    help: 'Connections not taken: too many open, a TLS handshake that failed, or no file descriptors left.',
    labels: ['channel', 'reason'],
  },
  messages: {
    kind: 'counter',
    name: 'clinstream_mllp_messages_total',
    help: 'Messages answered, by acknowledgement code and our error code.',
    labels: ['channel', 'type', 'acknowledgement', 'error_code'],
  },
  bytes: { kind: 'counter', name: 'clinstream_mllp_received_bytes_total', help: 'Bytes of whole frames.', labels: ['channel'] },
  skippedBytes: {
    kind: 'counter',
    name: 'clinstream_mllp_skipped_bytes_total',
    help: 'Bytes outside frames, skipped.',
    labels: ['channel'],
  },
  abandonedFrames: {
    kind: 'counter',
    name: 'clinstream_mllp_abandoned_frames_total',
    help: 'Frames their sender began again before they ended.',
    labels: ['channel'],
  },
  reusedControlIds: {
    kind: 'counter',
    name: 'clinstream_mllp_reused_control_ids_total',
    help: 'Messages with a control id seen lately on other content; taken as new messages.',
    labels: ['channel'],
  },
  inFlight: {
    kind: 'gauge',
    name: 'clinstream_mllp_in_flight_messages',
    help: 'Messages received and not answered yet.',
    labels: ['channel'],
  },
  seconds: {
    kind: 'histogram',
    name: 'clinstream_mllp_answer_seconds',
    help: 'From the last byte of a message to its answer.',
    labels: ['channel'],
    buckets: secondsBuckets,
  },
});

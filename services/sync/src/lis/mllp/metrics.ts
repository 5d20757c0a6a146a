/** Metrics of the connections to the laboratory, as data. */
import { defineMetrics, secondsBuckets } from '@clinstream/runtime/telemetry';

export const lisMllpMetrics = defineMetrics({
  connections: { kind: 'gauge', name: 'clinstream_lis_connections', help: 'Connections to the laboratory open now.' },
  exchanges: {
    kind: 'counter',
    name: 'clinstream_lis_exchanges_total',
    help: 'Messages sent to the laboratory: by order control and by MSA-1, or why no answer came.',
    labels: ['control', 'result'],
  },
  discarded: {
    kind: 'counter',
    name: 'clinstream_lis_discarded_frames_total',
    help: 'Frames from the laboratory that answer nothing we wait for: late, doubled, foreign or unreadable.',
  },
  seconds: {
    kind: 'histogram',
    name: 'clinstream_lis_answer_seconds',
    help: 'From the last byte of a message to its answer.',
    buckets: secondsBuckets,
  },
});

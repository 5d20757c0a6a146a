/** Sync's own metrics, as data. How far the intake is behind the log comes from the consumer. */
import { defineMetrics } from '@clinstream/runtime/telemetry';

/** From a twentieth of a second to a day. */
const lagBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400] as const;

export const syncMetrics = defineMetrics({
  deliveryLag: {
    kind: 'histogram',
    name: 'clinstream_sync_delivery_lag_seconds',
    help: 'From the first change that was waiting, as the log has it, to its outcome in the target.',
    labels: ['target'],
    buckets: lagBuckets,
  },
  outcomes: {
    kind: 'counter',
    name: 'clinstream_sync_outcomes_total',
    help: 'Outcomes of deliveries by code; `unchanged` is what stood there already, `retry` a failed try.',
    labels: ['target', 'outcome', 'error_code'],
  },
  breaker: {
    kind: 'gauge',
    name: 'clinstream_sync_breaker_state',
    help: 'State of the breaker: 0 closed, 1 half open, 2 open. While open nothing is sent and a probe asks.',
    labels: ['target'],
  },
  setbacks: {
    kind: 'counter',
    name: 'clinstream_sync_setbacks_total',
    help: 'Deliveries and probes that met an absent target, by code.',
    labels: ['target', 'error_code'],
  },
  inFlight: {
    kind: 'gauge',
    name: 'clinstream_sync_patients_in_flight',
    help: 'Patients being delivered by this instance.',
    labels: ['target'],
  },
  waiting: {
    kind: 'gauge',
    name: 'clinstream_sync_waiting_subjects',
    help: 'Subjects of all instances that wait to be delivered.',
    labels: ['target'],
  },
  oldest: {
    kind: 'gauge',
    name: 'clinstream_sync_oldest_waiting_seconds',
    help: 'Age of the oldest change that waits to be delivered.',
    labels: ['target'],
  },
  replaying: {
    kind: 'gauge',
    name: 'clinstream_sync_replaying',
    help: '1 while the target is told nothing because its state is being built from the topics.',
    labels: ['target'],
  },
  needsReview: {
    kind: 'gauge',
    name: 'clinstream_sync_needs_review_subjects',
    help: 'Subjects whose delivery a person must look at.',
    labels: ['target'],
  },
  fenced: {
    kind: 'counter',
    name: 'clinstream_sync_fenced_writes_total',
    help: 'Writes to the ledger refused because another instance had taken the patient over.',
    labels: ['target'],
  },
  changed: {
    kind: 'counter',
    name: 'clinstream_sync_changed_subjects_total',
    help: 'Subjects the intake changed.',
    labels: ['target', 'kind'],
  },
  ignored: {
    kind: 'counter',
    name: 'clinstream_sync_ignored_events_total',
    help: 'Events that changed nothing: repeated, or older than what is known.',
    labels: ['target'],
  },
  gaps: {
    kind: 'counter',
    name: 'clinstream_sync_gaps_total',
    help: 'Gaps found: records that retention removed before sync read them. Any is an alarm.',
    labels: ['target'],
  },
  published: {
    kind: 'counter',
    name: 'clinstream_sync_published_outcomes_total',
    help: 'Outcomes told on sync.deliveries.v1; `again` counts those told before or left behind by a crash.',
    labels: ['target', 'occasion'],
  },
});

/** What a consumer group counts about its reading. Labels: group, topic, partition (few and known), reason. */
import { defineMetrics } from '../telemetry/metric-definitions.ts';

export const consumerMetrics = defineMetrics({
  lagRecords: {
    kind: 'gauge',
    name: 'clinstream_consumer_lag_records',
    help: 'Records between the last one done without a gap and the end of the log, per owned partition',
    labels: ['group', 'topic', 'partition'],
  },
  lagSeconds: {
    kind: 'gauge',
    name: 'clinstream_consumer_lag_seconds',
    help: 'Age of the oldest record in hand that is not done, per owned partition; 0 when nothing is in hand',
    labels: ['group', 'topic', 'partition'],
  },
  oldestAge: {
    kind: 'gauge',
    name: 'clinstream_consumer_oldest_age_seconds',
    help: 'Age of the oldest record in hand over all owned partitions',
    labels: ['group'],
  },
  inFlight: {
    kind: 'gauge',
    name: 'clinstream_consumer_in_flight_records',
    help: 'Records fetched and not done',
    labels: ['group'],
  },
  inFlightBytes: { kind: 'gauge', name: 'clinstream_consumer_in_flight_bytes', help: 'Bytes of those', labels: ['group'] },
  partitions: { kind: 'gauge', name: 'clinstream_consumer_partitions', help: 'Partitions owned', labels: ['group'] },
  rebalances: { kind: 'counter', name: 'clinstream_consumer_rebalances_total', help: 'Assignments received', labels: ['group'] },
  commits: {
    kind: 'counter',
    name: 'clinstream_consumer_commits_total',
    help: 'Offset commits by outcome (ok, failed)',
    labels: ['group', 'outcome'],
  },
  gaps: {
    kind: 'counter',
    name: 'clinstream_consumer_log_gap_records_total',
    help: 'Records that were gone from the log before we read them, where the number is known',
    labels: ['group', 'topic'],
  },
  outOfRange: {
    kind: 'counter',
    name: 'clinstream_consumer_offset_out_of_range_total',
    help: 'Times our position was outside the log: retention or a reset took records',
    labels: ['group', 'topic'],
  },
  sessions: {
    kind: 'counter',
    name: 'clinstream_consumer_sessions_total',
    help: 'Times the group had to be joined anew, by reason',
    labels: ['group', 'reason'],
  },
});

/** What the pipeline counts about handling. Labels are bounded: group, topic, outcome, error code, stage. */
import { countBuckets, defineMetrics, secondsBuckets } from '../telemetry/metric-definitions.ts';

export const pipelineMetrics = defineMetrics({
  outcomes: {
    kind: 'counter',
    name: 'clinstream_records_total',
    help: 'Records handled, by outcome (done, skipped, parked, retried) and error code',
    labels: ['group', 'topic', 'outcome', 'error_code'],
  },
  handleSeconds: {
    kind: 'histogram',
    name: 'clinstream_handle_seconds',
    help: 'Time of one try of a handler',
    labels: ['group'],
    buckets: secondsBuckets,
  },
  retries: {
    kind: 'counter',
    name: 'clinstream_retries_total',
    help: 'Tries again, by where the record waited (place, topic)',
    labels: ['group', 'where', 'error_code'],
  },
  deadLetters: {
    kind: 'counter',
    name: 'clinstream_dead_letters_total',
    help: 'Records parked on the dead-letter topic',
    labels: ['group', 'topic', 'error_code', 'stage'],
  },
  dependencyDown: {
    kind: 'gauge',
    name: 'clinstream_dependency_down',
    help: '1 while the group waits for a dependency',
    labels: ['group'],
  },
  running: { kind: 'gauge', name: 'clinstream_handlers_running', help: 'Handlers at work', labels: ['group'] },
  batchRecords: {
    kind: 'histogram',
    name: 'clinstream_sink_batch_records',
    help: 'Records per applied batch',
    labels: ['group'],
    buckets: countBuckets,
  },
  applySeconds: {
    kind: 'histogram',
    name: 'clinstream_sink_apply_seconds',
    help: 'Time to apply one batch',
    labels: ['group'],
    buckets: secondsBuckets,
  },
});

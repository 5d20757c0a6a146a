/** The API service's own metrics, as data. Lag, age and batches come from the consumer; requests from the HTTP room. */
import { countBuckets, defineMetrics, secondsBuckets } from '@clinstream/runtime/telemetry';

export const apiMetrics = defineMetrics({
  rows: {
    kind: 'counter',
    name: 'clinstream_sink_rows_total',
    help: 'Rows the sink wrote, by table and whether they were new.',
    labels: ['kind', 'operation'],
  },
  flushSeconds: {
    kind: 'histogram',
    name: 'clinstream_sink_flush_seconds',
    help: 'Time of one sink transaction, conflicts and their repeats included.',
    buckets: secondsBuckets,
  },
  flushRecords: {
    kind: 'histogram',
    name: 'clinstream_sink_flush_records',
    help: 'Records in one sink transaction.',
    buckets: countBuckets,
  },
  conflicts: {
    kind: 'counter',
    name: 'clinstream_sink_conflicts_total',
    help: 'Flushes done again because a row was not as remembered.',
  },
  ignored: {
    kind: 'counter',
    name: 'clinstream_sink_ignored_events_total',
    help: 'Events that changed nothing: repeated, or older than what is known.',
    labels: ['kind'],
  },
  repeated: {
    kind: 'counter',
    name: 'clinstream_sink_repeated_records_total',
    help: 'Records delivered again after they had taken effect.',
  },
  skipped: {
    kind: 'counter',
    name: 'clinstream_sink_skipped_events_total',
    help: 'Clinical events published again under an id that had taken effect: skipped.',
    labels: ['kind'],
  },
  loaded: {
    kind: 'counter',
    name: 'clinstream_sink_loaded_jobs_total',
    help: 'Jobs that had to be read before their events could be applied.',
  },
  gaps: {
    kind: 'counter',
    name: 'clinstream_sink_gaps_total',
    help: 'Gaps found: records that retention removed before the sink read them. Any is an alarm.',
  },
  lostRecords: {
    kind: 'counter',
    name: 'clinstream_sink_lost_records_total',
    help: 'Offsets inside those gaps.',
  },
  waiters: {
    kind: 'gauge',
    name: 'clinstream_api_waiting_requests',
    help: 'Long polls and event streams waiting for a job.',
  },
  reviews: {
    kind: 'counter',
    name: 'clinstream_api_reviews_total',
    help: 'Reviews asked for, by what became of them: approve, reject or refused.',
    labels: ['outcome'],
  },
  redeliveries: {
    kind: 'counter',
    name: 'clinstream_api_redeliveries_total',
    help: 'Subjects somebody had sent to a target again.',
  },
  acknowledgements: {
    kind: 'counter',
    name: 'clinstream_api_acknowledged_alerts_total',
    help: 'Alerts somebody acknowledged.',
  },
  wakes: {
    kind: 'counter',
    name: 'clinstream_api_wakes_total',
    help: 'Look-ups of waited-for jobs, by what caused them.',
    labels: ['cause'],
  },
});

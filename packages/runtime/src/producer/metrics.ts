/** What the producer counts. Labels: topic and error code only. */
import { countBuckets, defineMetrics, secondsBuckets } from '../telemetry/metric-definitions.ts';

export const producerMetrics = defineMetrics({
  records: {
    kind: 'counter',
    name: 'clinstream_producer_records_total',
    help: 'Records confirmed by Kafka with acks=all',
    labels: ['topic'],
  },
  batchRecords: {
    kind: 'histogram',
    name: 'clinstream_producer_batch_records',
    help: 'Records per confirmed send',
    labels: ['topic'],
    buckets: countBuckets,
  },
  sendSeconds: {
    kind: 'histogram',
    name: 'clinstream_producer_send_seconds',
    help: 'Time from a send to its confirmation, retries included',
    labels: ['topic'],
    buckets: secondsBuckets,
  },
  failures: {
    kind: 'counter',
    name: 'clinstream_producer_failures_total',
    help: 'Records whose publish was rejected',
    labels: ['topic', 'error_code'],
  },
  retries: {
    kind: 'counter',
    name: 'clinstream_producer_retries_total',
    help: 'Sends tried again',
    labels: ['topic', 'error_code'],
  },
  queued: {
    kind: 'gauge',
    name: 'clinstream_producer_queued_records',
    help: 'Records handed over and neither confirmed nor rejected',
  },
});

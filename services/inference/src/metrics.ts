/** What this service counts, as data; docs/metrics.md is generated from it. */
import { countBuckets, defineMetrics, secondsBuckets } from '@clinstream/runtime/telemetry';

export const inferenceMetrics = defineMetrics({
  ended: {
    kind: 'counter',
    name: 'clinstream_analyses_ended_total',
    help: 'Jobs ended, by model, lane, outcome and, where it has one, code',
    labels: ['model', 'lane', 'outcome', 'code'],
  },
  waiting: {
    kind: 'gauge',
    name: 'clinstream_model_queue_jobs',
    help: 'Jobs that wait for a model worker',
    labels: ['lane'],
  },
  batchRows: {
    kind: 'histogram',
    name: 'clinstream_model_batch_rows',
    help: 'Jobs per batch',
    labels: ['model'],
    buckets: countBuckets,
  },
  batchSeconds: {
    kind: 'histogram',
    name: 'clinstream_model_batch_seconds',
    help: 'Time a batch was under way in its worker',
    labels: ['model'],
    buckets: secondsBuckets,
  },
  slowBatches: {
    kind: 'counter',
    name: 'clinstream_model_slow_batches_total',
    help: 'Batches that passed the soft time limit',
    labels: ['model'],
  },
  workersReady: { kind: 'gauge', name: 'clinstream_model_workers_ready', help: 'Model workers that are loaded and alive' },
  workerBytes: {
    kind: 'gauge',
    name: 'clinstream_model_worker_resident_bytes',
    help: 'Memory of the largest model worker, as it said with its last answer',
  },
  workersGone: {
    kind: 'counter',
    name: 'clinstream_model_workers_gone_total',
    help: 'Model workers that ended, by reason: crashed, timed-out, outgrown, load-failed, stopped',
    labels: ['reason'],
  },
});

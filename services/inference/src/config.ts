/** The service's settings from the environment; all problems at once. */
import { lanes } from '@clinstream/contracts';
import {
  type ConfigOf,
  defineConfig,
  integer,
  kafkaConfig,
  list,
  modelsDir,
  opsConfig,
  registryConfig,
} from '@clinstream/runtime/config';

const spec = {
  kafka: kafkaConfig,
  registry: registryConfig,
  ops: opsConfig(9102),
  modelsDir,
  lanes: list('INFERENCE_LANES', { meaning: 'lanes this instance works on', values: lanes, default: lanes }),
  workers: integer('INFERENCE_WORKERS', { meaning: 'model worker processes', default: 1, min: 1, max: 64 }),
  workerMaxMb: integer('INFERENCE_WORKER_MAX_MB', {
    meaning: 'megabytes a model worker may hold before it is replaced between two batches',
    default: 2_048,
    min: 128,
    max: 1_048_576,
  }),
  concurrency: integer('INFERENCE_CONCURRENCY', { meaning: 'jobs under way per lane', default: 1_000, min: 1, max: 100_000 }),
  maxBatchRows: integer('INFERENCE_MAX_BATCH', { meaning: 'most jobs per batch', default: 256, min: 1, max: 4_096 }),
  jobTimeoutMs: integer('INFERENCE_JOB_TIMEOUT_MS', {
    meaning: 'longest one try at a job may take, waiting for a worker included',
    default: 60_000,
    min: 1_000,
    max: 3_600_000,
  }),
};

export const parseConfig = defineConfig(spec);
export type InferenceConfig = ConfigOf<typeof spec>;

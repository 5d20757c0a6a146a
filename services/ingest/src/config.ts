/** Ingest's settings, read from the environment in one go, all problems at once. Units stand in the names. */
import {
  blobDir,
  type ConfigOf,
  defineConfig,
  group,
  httpConfig,
  integer,
  jwtConfig,
  kafkaConfig,
  modelsDir,
  opsConfig,
  optional,
  port,
  postgresConfig,
  registryConfig,
  text,
  url,
} from '@clinstream/runtime/config';

const spec = {
  kafka: kafkaConfig,
  registry: registryConfig,
  postgres: postgresConfig,
  ops: opsConfig(9101),
  http: httpConfig(8080),
  jwt: jwtConfig,
  blobDir,
  modelsDir,
  apiPublicUrl: url('API_PUBLIC_URL', {
    meaning: 'base of the Location that a 202 answer points to: where the api service is reached by senders',
    default: 'http://127.0.0.1:8081',
  }),
  confirmTimeoutMs: integer('INGEST_CONFIRM_TIMEOUT_MS', {
    meaning: 'longest wait for the log to confirm before a sender is told to repeat',
    default: 5_000,
    min: 100,
    max: 120_000,
  }),
  batchMaxLines: integer('INGEST_BATCH_MAX_LINES', {
    meaning: 'lines one batch may have; their answers may wait in memory',
    default: 20_000,
    min: 1,
    max: 1_000_000,
  }),
  batchMaxBytes: integer('INGEST_BATCH_MAX_BYTES', {
    meaning: 'bytes one batch may have',
    default: 64 * 1024 * 1024,
    min: 1_024,
    max: 2_147_483_647,
  }),
  batchMaxConcurrent: integer('INGEST_BATCH_MAX_CONCURRENT', {
    meaning: 'batches under way at once; more are told to come back',
    default: 8,
    min: 1,
    max: 1_000,
  }),
  mllp: group(
    {
      host: text('MLLP_HOST', { meaning: 'address the HL7 v2 listener binds to', default: '127.0.0.1' }),
      port: port('MLLP_PORT', { meaning: 'port of the HL7 v2 listener', default: 2575 }),
      channelFile: optional(
        text('MLLP_CHANNEL_FILE', { meaning: 'JSON file of the HL7 v2 channels; without one nothing listens' }),
      ),
    },
    (values) => values,
  ),
} as const;

export const parseConfig = defineConfig(spec);
export type IngestConfig = ConfigOf<typeof spec>;

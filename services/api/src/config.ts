/** The API's settings, read from the environment in one go, all problems at once. Units stand in the names. */
import {
  blobDir,
  type ConfigOf,
  defineConfig,
  httpConfig,
  integer,
  jwtConfig,
  kafkaConfig,
  list,
  modelsDir,
  opsConfig,
  postgresConfig,
  registryConfig,
} from '@clinstream/runtime/config';

const roles = ['sink', 'http'] as const;

const spec = {
  kafka: kafkaConfig,
  registry: registryConfig,
  postgres: postgresConfig,
  ops: opsConfig(9103),
  http: httpConfig(8081),
  jwt: jwtConfig,
  blobDir,
  modelsDir,
  roles: list('API_ROLES', { meaning: 'parts to start', values: roles, default: roles }),
  sinkBatchRecords: integer('SINK_BATCH_RECORDS', {
    meaning: 'most records of one transaction',
    default: 4_000,
    min: 1,
    max: 50_000,
  }),
  sinkRememberedJobs: integer('SINK_REMEMBERED_JOBS', {
    meaning: 'open jobs kept in memory, so that their ends need no look-up; about 1 KB each',
    default: 40_000,
    min: 0,
    max: 10_000_000,
  }),
  sinkAppliedEventsDays: integer('SINK_APPLIED_EVENTS_DAYS', {
    meaning: 'days the ids of applied clinical events are kept, 0 for ever; never fewer than those topics keep their records',
    default: 0,
    min: 0,
    max: 36_500,
  }),
} as const;

export const parseConfig = defineConfig(spec);
export type ApiConfig = ConfigOf<typeof spec>;

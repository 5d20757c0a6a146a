/** The API's settings, read from the environment in one go, all problems at once. Units stand in the names. Each role asks only for its own. */
import {
  blobDir,
  type ConfigOf,
  type ConfigParser,
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

const shared = {
  postgres: postgresConfig,
  ops: opsConfig(9103),
  roles: list('API_ROLES', { meaning: 'parts to start', values: roles, default: roles }),
} as const;

const ofSink = {
  kafka: kafkaConfig,
  registry: registryConfig,
  sinkBatchRecords: integer('SINK_BATCH_RECORDS', {
    meaning: 'most records of one transaction',
    default: 2_000,
    min: 1,
    max: 50_000,
  }),
  sinkRememberedJobs: integer('SINK_REMEMBERED_JOBS', {
    meaning: 'open jobs kept in memory, so that their ends need no look-up; about 1 KB each',
    default: 20_000,
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

/** Kafka as well: reviews, redeliveries and acknowledgements are published. */
const ofHttp = {
  kafka: kafkaConfig,
  registry: registryConfig,
  http: httpConfig(8081),
  jwt: jwtConfig,
  blobDir,
  modelsDir,
} as const;

export type SinkConfig = ConfigOf<typeof ofSink>;
export type HttpDoorConfig = ConfigOf<typeof ofHttp>;
/** Null: that part is not started here. */
export type ApiConfig = ConfigOf<typeof shared> & { readonly sink: SinkConfig | null; readonly door: HttpDoorConfig | null };

const readAll = defineConfig({ ...shared, ...ofSink, ...ofHttp });
const readSink = defineConfig({ ...shared, ...ofSink });
const readHttp = defineConfig({ ...shared, ...ofHttp });

function parse(env: Parameters<typeof readAll>[0]): ApiConfig {
  const asked = new Set((env['API_ROLES'] ?? '').split(',').map((role) => role.trim()));
  if (asked.size === 1 && asked.has('sink')) {
    const config = readSink(env);
    return { ...config, sink: config, door: null };
  }
  if (asked.size === 1 && asked.has('http')) {
    const config = readHttp(env);
    return { ...config, sink: null, door: config };
  }
  // Both, or a role nobody knows, which is reported along with whatever else is wrong.
  const config = readAll(env);
  return { ...config, sink: config, door: config };
}

export const parseConfig: ConfigParser<ApiConfig> = Object.assign(parse, { help: readAll.help });

/** Sync's settings, read from the environment in one go, all problems at once. Each role asks only for its own. Units stand in the names. */
import {
  type ConfigOf,
  type ConfigParser,
  defineConfig,
  integer,
  kafkaConfig,
  list,
  modelsDir,
  opsConfig,
  optional,
  postgresConfig,
  registryConfig,
} from '@clinstream/runtime/config';
import { alertsConfig } from './alerts/index.ts';
import { fhirConfig } from './fhir/config.ts';
import { lisConfig } from './lis/config.ts';

const roles = ['fhir', 'lis'] as const;

const shared = {
  kafka: kafkaConfig,
  registry: registryConfig,
  postgres: postgresConfig,
  ops: opsConfig(9104),
  roles: list('SYNC_ROLES', {
    meaning: 'targets to tell: each its own group, connections and ledger',
    values: roles,
    default: roles,
  }),
  batchRecords: integer('SYNC_BATCH_RECORDS', {
    meaning: 'most records taken in by one transaction',
    default: 500,
    min: 1,
    max: 20_000,
  }),
  appliedEventsDays: integer('SYNC_APPLIED_EVENTS_DAYS', {
    meaning: 'days the ids of applied clinical events are kept, 0 for ever; never fewer than those topics keep their records',
    default: 0,
    min: 0,
    max: 36_500,
  }),
  historyDays: optional(
    integer('SYNC_HISTORY_DAYS', {
      meaning:
        'days back that a first start tells of what the topics hold already; older things are held until they change or a person asks (default: 3 for lis, all for fhir)',
      min: 0,
      max: 36_500,
    }),
  ),
  leaseMs: integer('SYNC_LEASE_MS', {
    meaning: 'how long a patient stays with an instance that no longer says it is there',
    default: 30_000,
    min: 1_000,
    max: 600_000,
  }),
  pollMs: integer('SYNC_POLL_MS', {
    meaning: 'longest wait before due work is looked for',
    default: 1_000,
    min: 10,
    max: 60_000,
  }),
  drainMs: integer('SYNC_DRAIN_MS', {
    meaning: 'of a stop: how long deliveries under way may take before they are cut and done again later',
    default: 8_000,
    min: 0,
    max: 300_000,
  }),
  maxAttempts: integer('SYNC_MAX_ATTEMPTS', {
    meaning: 'tries of one change before a person must look; an absent target counts none',
    default: 8,
    min: 1,
    max: 1_000,
  }),
  maxWorks: integer('SYNC_MAX_WORKS', { meaning: 'subjects of one patient delivered together', default: 50, min: 1, max: 1_000 }),
} as const;

const ofFhir = { fhir: fhirConfig, modelsDir } as const;
const ofLis = { lis: lisConfig, alerts: alertsConfig } as const;

export type FhirSideConfig = ConfigOf<typeof ofFhir>;
export type LisSideConfig = ConfigOf<typeof ofLis>;
/** Null: that side is not started here. */
export type SyncConfig = ConfigOf<typeof shared> & {
  readonly fhirSide: FhirSideConfig | null;
  readonly lisSide: LisSideConfig | null;
};

const readAll = defineConfig({ ...shared, ...ofFhir, ...ofLis });
const readFhir = defineConfig({ ...shared, ...ofFhir });
const readLis = defineConfig({ ...shared, ...ofLis });

function parse(env: Parameters<typeof readAll>[0]): SyncConfig {
  const asked = new Set((env['SYNC_ROLES'] ?? '').split(',').map((role) => role.trim()));
  if (asked.size === 1 && asked.has('fhir')) {
    const config = readFhir(env);
    return { ...config, fhirSide: config, lisSide: null };
  }
  if (asked.size === 1 && asked.has('lis')) {
    const config = readLis(env);
    return { ...config, fhirSide: null, lisSide: config };
  }
  // Both, or a role nobody knows, which is reported along with whatever else is wrong.
  const config = readAll(env);
  return { ...config, fhirSide: config, lisSide: config };
}

export const parseConfig: ConfigParser<SyncConfig> = Object.assign(parse, { help: readAll.help });

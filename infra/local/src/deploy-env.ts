/** The deploy step, told by the environment the services read. */
import {
  defineConfig,
  type Env,
  integer,
  kafkaConfig,
  optional,
  postgresConfig,
  registryConfig,
} from '@clinstream/runtime/config';
import { createTelemetry } from '@clinstream/runtime/telemetry';
import { type DeployResult, defaultPartitions, deploy } from './deploy.ts';

export const parseDeployConfig = defineConfig({
  kafka: kafkaConfig,
  registry: registryConfig,
  postgres: postgresConfig,
  partitions: integer('TOPIC_PARTITIONS', {
    meaning: 'partitions of every topic',
    default: defaultPartitions,
    min: 1,
    max: 1000,
  }),
  replicationFactor: optional(integer('TOPIC_REPLICATION_FACTOR', { meaning: 'copies of every topic', min: 1, max: 9 })),
  minInSyncReplicas: optional(
    integer('TOPIC_MIN_INSYNC_REPLICAS', {
      meaning: 'copies that must confirm before a record counts as accepted',
      min: 1,
      max: 9,
    }),
  ),
});

/** Rejects with ConfigError when the environment is not complete. */
export async function deployFromEnv(env: Env): Promise<DeployResult> {
  const config = parseDeployConfig(env);
  const { url, auth } = config.registry;
  return await deploy({
    ...config,
    registry: { url, username: auth?.username ?? null, password: auth?.password.reveal() ?? null },
    postgres: { url: config.postgres.url.reveal() },
    telemetry: createTelemetry({ name: 'deploy', level: 'warn' }),
  });
}

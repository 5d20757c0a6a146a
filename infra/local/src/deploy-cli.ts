/** `node infra/local/src/deploy-cli.ts`: the deploy step against any Kafka, registry and Postgres, told by the same environment as the services. */
import {
  ConfigError,
  defineConfig,
  type Env,
  integer,
  kafkaConfig,
  optional,
  postgresConfig,
  registryConfig,
} from '@clinstream/runtime/config';
import { createTelemetry } from '@clinstream/runtime/telemetry';
import { defaultPartitions, deploy } from './deploy.ts';

const parseConfig = defineConfig({
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

const help = `Creates topics, registers schemas and migrates Postgres. Safe to run again.

Environment:
${parseConfig.help()}
`;

async function main(env: Env): Promise<void> {
  const config = parseConfig(env);
  const { url, auth } = config.registry;
  const result = await deploy({
    ...config,
    registry: { url, username: auth?.username ?? null, password: auth?.password.reveal() ?? null },
    postgres: { url: config.postgres.url.reveal() },
    telemetry: createTelemetry({ name: 'deploy', level: 'warn' }),
  });
  for (const name of result.topics.created) console.log(`topic ${name} created`);
  for (const { name, partitions } of result.topics.differing)
    console.log(`topic ${name} has ${partitions} partitions: left as it is`);
  for (const name of result.migrations) console.log(`migration ${name} applied`);
  console.log(
    `deployed: ${result.topics.created.length} topics created, ${result.schemas.length} schemas registered,` +
      ` ${result.migrations.length} migrations applied`,
  );
}

if (process.argv.includes('--help')) console.log(help);
else {
  try {
    await main(process.env);
  } catch (error) {
    console.error(
      error instanceof ConfigError ? error.message : `deploy failed: ${error instanceof Error ? error.message : error}`,
    );
    process.exitCode = 1;
  }
}

/** `node infra/local/src/deploy-cli.ts`: the deploy step against any Kafka, registry and Postgres. */
import { ConfigError } from '@clinstream/runtime/config';
import { deployFromEnv, parseDeployConfig } from './deploy-env.ts';

const help = `Creates topics, registers schemas and migrates Postgres. Safe to run again.

Environment:
${parseDeployConfig.help()}
`;

async function main(): Promise<void> {
  const { topics, schemas, migrations } = await deployFromEnv(process.env);
  for (const name of topics.created) console.log(`topic ${name} created`);
  for (const { name, partitions } of topics.differing) console.log(`topic ${name} has ${partitions} partitions: left as it is`);
  for (const name of migrations) console.log(`migration ${name} applied`);
  console.log(
    `deployed: ${topics.created.length} topics created, ${schemas.length} schemas registered, ${migrations.length} migrations applied`,
  );
}

if (process.argv.includes('--help')) console.log(help);
else {
  try {
    await main();
  } catch (error) {
    console.error(
      error instanceof ConfigError ? error.message : `deploy failed: ${error instanceof Error ? error.message : error}`,
    );
    process.exitCode = 1;
  }
}

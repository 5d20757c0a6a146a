/**
 * Drops the projection on purpose, so that the sink builds it again from the topics: after Kafka was replaced or restored.
 * `node services/api/src/reset-projection.ts --yes-drop-projection`, with DATABASE_URL set and the sink stopped. What the topics no longer
 * hold is lost. Exit 0 done, 1 failed (said on stderr), 2 the flag or a setting is missing.
 */
import { ConfigError, defineConfig, postgresConfig } from '@clinstream/runtime/config';
import { createPostgres } from '@clinstream/runtime/postgres';
import { createTelemetry } from '@clinstream/runtime/telemetry';
import { resetProjection } from './sink/sql/reset-projection.ts';

const flag = '--yes-drop-projection';
const parseConfig = defineConfig({ postgres: postgresConfig });

async function main(): Promise<void> {
  if (!process.argv.includes(flag)) return end(2, `this empties every table of the schema api; say ${flag} if that is meant`);
  const config = parseConfig(process.env);
  const postgres = createPostgres(config.postgres, createTelemetry({ name: 'reset-projection', level: 'warn' }));
  await resetProjection(postgres);
  await postgres.stop(AbortSignal.timeout(2_000));
  console.log('the projection is empty; the sink builds it again from the topics when it starts');
}

function end(exitCode: number, message: string): void {
  console.error(message);
  process.exitCode = exitCode;
}

await main().catch((error: Error) => end(error instanceof ConfigError ? 2 : 1, error.message));

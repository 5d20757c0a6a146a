/**
 * Drops what a target's side was built from the topics, on purpose, so that it is built again: after Kafka was replaced or restored.
 * `node services/sync/src/reset-state.ts --target fhir|lis --yes-drop-state`, with DATABASE_URL set and that side stopped. The ledger stays:
 * what was delivered is known and not sent again, and while the state is rebuilt nothing is sent at all.
 * Exit 0 done, 1 failed (said on stderr), 2 a flag or a setting is missing.
 */
import { parseArgs } from 'node:util';
import { ConfigError, defineConfig, postgresConfig } from '@clinstream/runtime/config';
import { createPostgres } from '@clinstream/runtime/postgres';
import { createTelemetry } from '@clinstream/runtime/telemetry';
import { resetState } from './intake/sql/reset-state.ts';

const parseConfig = defineConfig({ postgres: postgresConfig });
const usage =
  'reset-state --target fhir|lis --yes-drop-state: empties the state that sync built from the topics; the ledger stays';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { target: { type: 'string' }, 'yes-drop-state': { type: 'boolean' } } });
  const { target } = values;
  if ((target !== 'fhir' && target !== 'lis') || values['yes-drop-state'] !== true) return end(2, usage);
  const config = parseConfig(process.env);
  const postgres = createPostgres(config.postgres, createTelemetry({ name: 'reset-state', level: 'warn' }));
  await resetState(postgres, target);
  await postgres.stop(AbortSignal.timeout(2_000));
  console.log(`the state of ${target} is empty; sync builds it again from the topics when it starts`);
}

function end(exitCode: number, message: string): void {
  console.error(message);
  process.exitCode = exitCode;
}

await main().catch((error: Error) => end(error instanceof ConfigError || error instanceof TypeError ? 2 : 1, error.message));

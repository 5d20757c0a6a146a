/**
 * Runs a whole stack on this machine: servers, deploy, services, the sample day; then stays up, or stops (`--once`).
 *
 * Promise: whatever ends it, no process and no lock stay behind. Ctrl-C, SIGTERM and the end of the process that started it stop everything in order;
 * a second Ctrl-C kills; if this process itself is killed, the kernel ends its children, and where it cannot, the next start does.
 * Order: servers, deploy, services; backwards at the end. What ends by itself is reported and started again.
 */
import { join } from 'node:path';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { deployFromEnv } from './deploy-env.ts';
import { keepRunning } from './keep-running.ts';
import { killLocalServers, type LocalServers, startLocalServers } from './local-servers.ts';
import { endLeftoverServices, killLocalServices, type LocalServices, startLocalServices } from './local-services.ts';
import { type DayResult, playDay, type StepResult } from './play-day.ts';
import { readSampleDay } from './sample-day.ts';
import type { StartOptions } from './start-options.ts';
import { watchStopSignals } from './stop-signals.ts';
import { isComplete, linksText, summaryLine } from './summary.ts';
import { ensureKeys, isRole, signToken } from './tokens.ts';
import { unlessAborted } from './wait.ts';

type Env = Readonly<Record<string, string | undefined>>;

const say = (line: string): void => console.log(`  ${line}`);

/** Resolves with the exit code once everything is gone. */
export async function runStack(options: StartOptions, env: Env): Promise<number> {
  const running: { servers: LocalServers | null; services: LocalServices | null } = { servers: null, services: null };
  let folder: DataFolder | null = null;
  const signals = watchStopSignals(() => {
    if (folder !== null) killAll(folder);
    process.exit(1);
  });
  let day: DayResult | null = null;
  let problem: string | null = null;
  try {
    folder = openDataFolder(options.dataDir, { fresh: options.fresh });
    day = await runInside(options, folder.dir, env, running, signals.stopping);
  } catch (error) {
    problem = signals.stopping.aborted ? null : error instanceof Error ? error.message : String(error);
  }
  if (signals.stopping.aborted) console.log('\nstopping …');
  signals.abort();
  try {
    await running.services?.stop();
    await running.servers?.stop();
  } finally {
    folder?.release();
    signals.close();
  }
  if (problem !== null) console.error(problem);
  if (options.once && day !== null) console.log(summaryLine(day));
  return problem === null && (!options.once || (day !== null && isComplete(day))) ? 0 : 1;
}

/** Also what is only starting: each has its pid file from the moment it runs. */
function killAll(folder: DataFolder): void {
  killLocalServices(folder.dir);
  killLocalServers(folder.dir);
  folder.release();
}

/** Resolves when it is time to stop: after the day with `once`, else when told to. */
async function runInside(
  options: StartOptions,
  dataDir: string,
  env: Env,
  running: { servers: LocalServers | null; services: LocalServices | null },
  stopping: AbortSignal,
): Promise<DayResult | null> {
  console.log(`Clinstream, data in ${dataDir}`);
  for (const name of endLeftoverServices(dataDir)) say(`${name} of an earlier run was still there and has been ended`);
  const keysDir = join(dataDir, 'keys');
  await ensureKeys(keysDir);
  running.servers = await startLocalServers({ dir: dataDir, ports: options.ports, env, say, stopping });
  stopping.throwIfAborted();
  for (const server of running.servers.watched) {
    const kept = { exited: server.exited, start: server.restart };
    void keepRunning({ name: server.name, kept, say, stopping });
  }
  const { addresses } = running.servers;
  const deployed = await unlessAborted(deployFromEnv({ ...env, ...envOf(addresses) }), stopping);
  say(
    `deploy           ${deployed.topics.created.length} topics created, ${deployed.schemas.length} schemas registered, ${deployed.migrations.length} migrations applied`,
  );
  stopping.throwIfAborted();
  running.services = await startLocalServices({ options: { ...options, dataDir }, addresses, keysDir, say, stopping });
  await running.services.whenReady();
  const day = options.without.has('day') ? null : await unlessAborted(play(options, keysDir, stopping), stopping);
  if (options.once) return day;
  console.log(`\n${linksText(options.ports, dataDir)}\n\nup; Ctrl-C ends it`);
  await new Promise<void>((resolve) => stopping.addEventListener('abort', () => resolve(), { once: true }));
  return day;
}

const envOf = ({ kafka, registryUrl, databaseUrl }: LocalServers['addresses']): Env => ({
  KAFKA_BROKERS: kafka,
  SCHEMA_REGISTRY_URL: registryUrl,
  DATABASE_URL: databaseUrl,
});

async function play({ dayFile, ports }: StartOptions, keysDir: string, stopping: AbortSignal): Promise<DayResult> {
  const day = readSampleDay(dayFile);
  console.log(`\n${day.title}`);
  const began = performance.now();
  const doors = {
    ingestUrl: `http://127.0.0.1:${ports.ingestHttp}`,
    apiUrl: `http://127.0.0.1:${ports.apiHttp}`,
    mllpPort: ports.mllp,
    token: createTokens(keysDir),
  };
  const report = ({ name, why }: StepResult) => {
    stopping.throwIfAborted();
    console.log(why === null ? `  ✓ ${name}` : `  ✗ ${name}\n    ${why}`);
  };
  const result = await playDay(day, dayFile, doors, report);
  console.log(`\n${summaryLine(result)}  (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return result;
}

/** One token per role and client; signing one takes longer than answering the request it is for. */
function createTokens(keysDir: string): (role: string, client: string | undefined) => Promise<string> {
  const made = new Map<string, Promise<string>>();
  return (role, client) => {
    if (!isRole(role)) throw new Error(`${role} is not a role`);
    const name = `${role} ${client ?? ''}`;
    const known = made.get(name) ?? signToken({ dir: keysDir, roles: [role], ...(client ? { client } : {}) });
    made.set(name, known);
    return known;
  };
}

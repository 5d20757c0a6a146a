/**
 * Runs a whole stack on this machine: servers, deploy, services, the sample day; then stays up, or stops (`--once`).
 *
 * Promise: whatever ends it, no process and no lock stay behind. Ctrl-C, SIGTERM and the end of the process that started it stop everything in order;
 * a second Ctrl-C kills; if this process itself is killed, the kernel ends its children, and where it cannot, the next start does.
 * Order: servers, deploy, services, the day, and only then the FHIR server, in the background; backwards at the end. What ends by itself is reported
 * and started again.
 */
import { join } from 'node:path';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { type Delivered, untilDelivered } from './delivered.ts';
import { deployFromEnv } from './deploy-env.ts';
import { keepRunning } from './keep-running.ts';
import { killLocalServers, type LocalServers, startLocalServers } from './local-servers.ts';
import { endLeftoverServices, killLocalServices, type LocalServices, startLocalServices } from './local-services.ts';
import { killLocalTargets, type LocalTargets, startLocalTargets } from './local-targets.ts';
import { type DayResult, playDay, type StepResult } from './play-day.ts';
import { type ExpectedDeliveries, readSampleDay } from './sample-day.ts';
import type { StartOptions } from './start-options.ts';
import { watchStopSignals } from './stop-signals.ts';
import { deliveredText, isComplete, linksText, summaryLine } from './summary.ts';
import { ensureKeys, isRole, signToken } from './tokens.ts';
import { unlessAborted } from './wait.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Running = { servers: LocalServers | null; targets: LocalTargets | null; services: LocalServices | null };
type Outcome = { readonly day: DayResult; readonly delivered: Delivered | null };

/** After an outage of the target; here it has only just started. */
const deliveredDeadlineMs = 300_000;

const say = (line: string): void => console.log(`  ${line}`);

/** Resolves with the exit code once everything is gone. */
export async function runStack(options: StartOptions, env: Env): Promise<number> {
  const running: Running = { servers: null, targets: null, services: null };
  let folder: DataFolder | null = null;
  const signals = watchStopSignals(() => {
    if (folder !== null) killAll(folder);
    process.exit(1);
  });
  let outcome: Outcome | null = null;
  let problem: string | null = null;
  try {
    folder = openDataFolder(options.dataDir, { fresh: options.fresh });
    outcome = await runInside(options, folder.dir, env, running, signals.stopping);
  } catch (error) {
    problem = signals.stopping.aborted ? null : error instanceof Error ? error.message : String(error);
  }
  if (signals.stopping.aborted) console.log('\nstopping …');
  signals.abort();
  try {
    await running.services?.stop();
    await Promise.all([running.targets?.stop(), running.servers?.stop()]);
  } finally {
    folder?.release();
    signals.close();
  }
  if (problem !== null) console.error(problem);
  if (options.once && outcome !== null) console.log(summaryLine(outcome.day, outcome.delivered));
  return problem === null && (!options.once || (outcome !== null && isComplete(outcome.day, outcome.delivered))) ? 0 : 1;
}

/** Also what is only starting: each has its pid file from the moment it runs. */
function killAll(folder: DataFolder): void {
  killLocalServices(folder.dir);
  killLocalTargets(folder.dir);
  killLocalServers(folder.dir);
  folder.release();
}

/** Resolves when it is time to stop: after the day and its deliveries with `once`, else when told to. */
async function runInside(
  options: StartOptions,
  dataDir: string,
  env: Env,
  running: Running,
  stopping: AbortSignal,
): Promise<Outcome | null> {
  console.log(`Clinstream, data in ${dataDir}`);
  for (const name of endLeftoverServices(dataDir)) say(`${name} of an earlier run was still there and has been ended`);
  const keysDir = join(dataDir, 'keys');
  await ensureKeys(keysDir);
  const addresses = await startServers(options, dataDir, env, running, stopping);
  running.targets = await startLocalTargets({ options: { ...options, dataDir }, env, say, stopping });
  const { targets } = running;
  const input = { options: { ...options, dataDir }, addresses, targets: targets.addresses, keysDir, say, stopping };
  const services = await startLocalServices(input);
  running.services = services;
  await services.whenReady();
  const playing = options.without.has('day') ? null : play(options, keysDir, services.startSync, stopping);
  const played = playing === null ? null : await unlessAborted(playing, stopping);
  services.startSync();
  targets.startFhir();
  const deliver = () => tellDelivered(options, targets, keysDir, played, stopping);
  if (options.once) return played === null ? null : { day: played.result, delivered: await unlessAborted(deliver(), stopping) };
  console.log(`\n${linksText({ ...options, dataDir })}\n\nup; Ctrl-C ends it`);
  const told = deliver().catch(() => null);
  await new Promise<void>((resolve) => stopping.addEventListener('abort', () => resolve(), { once: true }));
  await told;
  return null;
}

/** Servers, kept running, and deployed to. */
async function startServers(options: StartOptions, dir: string, env: Env, running: Running, stopping: AbortSignal) {
  running.servers = await startLocalServers({ dir, ports: options.ports, env, say, stopping });
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
  return addresses;
}

const envOf = ({ kafka, registryUrl, databaseUrl }: LocalServers['addresses']): Env => ({
  KAFKA_BROKERS: kafka,
  SCHEMA_REGISTRY_URL: registryUrl,
  DATABASE_URL: databaseUrl,
});

type Played = { readonly result: DayResult; readonly expected: ExpectedDeliveries };

async function play(
  { dayFile, ports }: StartOptions,
  keysDir: string,
  onFirstResult: () => void,
  stopping: AbortSignal,
): Promise<Played> {
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
    onFirstResult();
    console.log(why === null ? `  ✓ ${name}` : `  ✗ ${name}\n    ${why}`);
  };
  const result = await playDay(day, dayFile, doors, report);
  console.log(`\n${summaryLine(result, null)}  (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return { result, expected: day.delivered ?? {} };
}

/** Waits for the FHIR server and for what the day must have brought there and to the laboratory, and says so. Null when there is nobody to tell. */
async function tellDelivered(
  options: StartOptions,
  targets: LocalTargets,
  keysDir: string,
  played: Played | null,
  stopping: AbortSignal,
): Promise<Delivered | null> {
  const { fhirBaseUrl, lis } = targets.addresses;
  const whyNoFhir = await targets.whyNoFhir();
  if (played === null || (fhirBaseUrl === null && lis === null)) return null;
  const tokens = createTokens(keysDir);
  const delivered = await untilDelivered({
    fhirBaseUrl: whyNoFhir === null ? fhirBaseUrl : null,
    hasLis: lis !== null,
    apiUrl: `http://127.0.0.1:${options.ports.apiHttp}`,
    token: () => tokens('doctor', undefined),
    expected: played.expected,
    deadlineMs: deliveredDeadlineMs,
    signal: stopping,
  });
  const missing = whyNoFhir === null ? delivered.missing : [`FHIR server: ${whyNoFhir}`, ...delivered.missing];
  console.log(`\n${deliveredText({ ...delivered, missing })}`);
  return { ...delivered, missing };
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

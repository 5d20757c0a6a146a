/** The services of a local stack as child processes: started together, waited for, restarted when they end by themselves, stopped together. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { keepRunning } from './keep-running.ts';
import type { Say } from './local-servers.ts';
import { isPortFree } from './ports.ts';
import { endLeftover, isAlive, killByPidFile, readPid } from './server-process.ts';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';
import {
  entryOf,
  mllpChannelFile,
  type ServerAddresses,
  type ServiceName,
  serviceEnv,
  serviceNames,
  type TargetAddresses,
} from './services.ts';
import { type StartOptions, servicesOf } from './start-options.ts';

export type LocalServices = {
  /**
   * Resolves when those are ready that a first result needs. Rejects when one is not ready in time, or when the end is wanted. Whoever has the handle
   * stops them.
   */
  whenReady(): Promise<void>;
  /** Starts the sync processes, once; a first result must not wait for them. Nobody waits until they are ready: none is while its target is away. */
  startSync(): void;
  stop(): Promise<void>;
};

export type LocalServicesInput = {
  readonly options: StartOptions;
  readonly addresses: ServerAddresses;
  readonly targets: TargetAddresses;
  readonly keysDir: string;
  readonly say: Say;
  readonly stopping: AbortSignal;
};

const readyDeadlineMs = 90_000;
const isSync = (name: ServiceName): boolean => name.startsWith('sync-');

/** Resolves once all but sync are started, not yet ready; rejects, with nothing started, when a port is taken. */
export async function startLocalServices(input: LocalServicesInput): Promise<LocalServices> {
  const names = servicesOf(input.options);
  await refuseTakenPorts(input.options, names);
  const current = new Map<ServiceName, ServiceProcess>();
  const launch = (name: ServiceName): ServiceProcess => {
    const service = launchService(name, input);
    current.set(name, service);
    return service;
  };
  const stop = async () => void (await Promise.all([...current.values()].map((service) => service.stop())));
  const began = performance.now();
  const first = names.filter((name) => !isSync(name));
  const started = first.map(launch);
  const whenReady = async () => {
    await Promise.all(started.map((service) => service.whenReady(readyDeadlineMs, input.stopping)));
    input.say(`services         ${first.join(', ')} ready  ${((performance.now() - began) / 1000).toFixed(1)} s`);
    for (const name of first) void watch(name, current, launch, input);
  };
  const startSync = () => {
    for (const name of names.filter((one) => isSync(one) && !current.has(one))) {
      launch(name);
      void watch(name, current, launch, input);
    }
  };
  return { whenReady, startSync, stop };
}

function watch(
  name: ServiceName,
  current: ReadonlyMap<ServiceName, ServiceProcess>,
  launch: (name: ServiceName) => ServiceProcess,
  input: LocalServicesInput,
) {
  const exited = async () => {
    const exit = await current.get(name)?.exited;
    return exit?.signal
      ? `was ended by ${exit.signal}`
      : `exited with ${exit?.code}, see ${join(input.options.dataDir, 'logs', `${name}.log`)}`;
  };
  const start = async () => {
    const service = launch(name);
    if (!isSync(name)) await service.whenReady(readyDeadlineMs, input.stopping);
  };
  return keepRunning({ name, kept: { exited, start }, say: input.say, stopping: input.stopping });
}

function launchService(name: ServiceName, { options, addresses, targets, keysDir }: LocalServicesInput): ServiceProcess {
  const folder = (part: string): string => {
    const path = join(options.dataDir, part);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const { ports } = options;
  const env = serviceEnv(name, { addresses, targets, ports, keysDir, blobDir: folder('blobs'), mllpChannelFile });
  return startServiceProcess({
    name,
    entry: entryOf(name),
    env,
    logFile: join(folder('logs'), `${name}.log`),
    pidFile: join(folder('pids'), `${name}.pid`),
  });
}

/** Ends services that an earlier supervisor left behind where the kernel did not. */
export function endLeftoverServices(dataDir: string): readonly ServiceName[] {
  return serviceNames.filter((name) => {
    const pidFile = join(dataDir, 'pids', `${name}.pid`);
    const pid = readPid(pidFile);
    const alive = pid !== null && isAlive(pid);
    endLeftover(pidFile, entryOf(name));
    return alive;
  });
}

/** kill -9 for those that run or start, for the second Ctrl-C. */
export function killLocalServices(dataDir: string): void {
  for (const name of serviceNames) killByPidFile(join(dataDir, 'pids', `${name}.pid`), entryOf(name));
}

async function refuseTakenPorts({ ports }: StartOptions, names: readonly ServiceName[]): Promise<void> {
  const needed = names.flatMap((name) => [
    ports.ops[name],
    ...(name === 'ingest' ? [ports.ingestHttp, ports.mllp] : []),
    ...(name === 'api' ? [ports.apiHttp] : []),
  ]);
  for (const port of needed) {
    if (!(await isPortFree(port))) throw new Error(`port ${port} is taken: stop what uses it, or use --port-offset`);
  }
}

/** Starts a service as users do: its own process, its own ports, waited for until it says it is ready. */
import { join } from 'node:path';
import {
  ensureKeys,
  entryOf,
  freePorts,
  mllpChannelFile,
  noTargets,
  type ServiceName,
  type ServicePorts,
  type ServiceProcess,
  serviceEnv,
  signToken,
  startServiceProcess,
  type TargetAddresses,
  type TokenOptions,
} from '@clinstream/local';
import type { FreshDatabase, TestStack } from './test-stack.ts';
import { uniqueName } from './test-stack.ts';

export type SystemOptions = {
  readonly stack: TestStack;
  readonly database?: FreshDatabase;
  /** Variables that win over the usual ones, for every service started. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whom sync tells. Default: nobody. */
  readonly targets?: TargetAddresses;
};

/** Addresses, keys and folders that the services of one test share. */
export type TestSystem = {
  readonly ports: ServicePorts;
  readonly ingestUrl: string;
  readonly apiUrl: string;
  /** Starts the service and waits until it is ready, unless told not to. */
  startService(name: ServiceName, options?: StartServiceOptions): Promise<ServiceProcess>;
  token(options: Omit<TokenOptions, 'dir'>): Promise<string>;
  /** Ends every service started here that still runs, the newest first. */
  stop(): Promise<void>;
};

export type StartServiceOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly ready?: boolean;
  readonly deadlineMs?: number;
};

export async function testSystem({ stack, database, env = {}, targets = noTargets }: SystemOptions): Promise<TestSystem> {
  const dir = join(stack.dir, uniqueName('system'));
  const ports = await chooseServicePorts();
  await ensureKeys(join(dir, 'keys'));
  const addresses = stack.serverAddresses(database);
  const input = { addresses, ports, keysDir: join(dir, 'keys'), blobDir: join(dir, 'blobs'), mllpChannelFile, targets };
  const started: ServiceProcess[] = [];
  return {
    ports,
    ingestUrl: `http://127.0.0.1:${ports.ingestHttp}`,
    apiUrl: `http://127.0.0.1:${ports.apiHttp}`,
    token: (options) => signToken({ ...options, dir: join(dir, 'keys') }),
    startService: async (name, options = {}) => {
      const service = startServiceProcess({
        name,
        entry: entryOf(name),
        env: { ...serviceEnv(name, input), ...env, ...options.env },
        logFile: null,
      });
      started.push(service);
      if (options.ready !== false) await service.whenReady(options.deadlineMs);
      return service;
    },
    stop: async () => {
      for (const service of started.splice(0).reverse()) if (service.isRunning()) await service.stop();
    },
  };
}

async function chooseServicePorts(): Promise<ServicePorts> {
  const first = await freePorts(8);
  return {
    ingestHttp: first,
    apiHttp: first + 1,
    mllp: first + 2,
    ops: { ingest: first + 3, inference: first + 4, api: first + 5, 'sync-fhir': first + 6, 'sync-lis': first + 7 },
  };
}

/** The embedded servers of a local stack, each left out where the environment names another one to use instead. */
import { join } from 'node:path';
import { startKafka } from './kafka.ts';
import { isPortFree } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { startRegistry } from './registry/index.ts';
import { killByPidFile } from './server-process.ts';
import type { ServerAddresses } from './services.ts';
import type { Ports } from './start-options.ts';

type Env = Readonly<Record<string, string | undefined>>;
export type Say = (line: string) => void;

/** An embedded server that can end by itself. */
export type WatchedServer = {
  readonly name: string;
  isRunning(): boolean;
  exited(): Promise<string>;
  restart(): Promise<void>;
};

export type LocalServers = {
  readonly addresses: ServerAddresses;
  readonly watched: readonly WatchedServer[];
  stop(): Promise<void>;
};

type Started = { readonly address: string; readonly watched: WatchedServer | null; stop(): Promise<void> };
const external = (address: string): Started => ({ address, watched: null, stop: async () => {} });

type LocalServersInput = {
  readonly dir: string;
  readonly ports: Ports;
  readonly env: Env;
  readonly say: Say;
  readonly stopping: AbortSignal;
};

/** Resolves once all of them serve. What was started is stopped again when one does not, or when the end is wanted. */
export async function startLocalServers({ dir, ports, env, say, stopping }: LocalServersInput): Promise<LocalServers> {
  await refuseTakenPorts(ports, env);
  const timed = async (name: string, start: Promise<Started>): Promise<Started> => {
    const began = performance.now();
    const started = await start;
    say(`${name.padEnd(16)} ${shownAddress(started.address)}${started.watched ? seconds(began) : '  (not ours)'}`);
    return started;
  };
  const settled = await Promise.allSettled([
    timed('Kafka', env['KAFKA_BROKERS'] ? Promise.resolve(external(env['KAFKA_BROKERS'])) : kafka(dir, ports, stopping)),
    timed('PostgreSQL', env['DATABASE_URL'] ? Promise.resolve(external(env['DATABASE_URL'])) : postgres(dir, ports, stopping)),
  ]);
  const started = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stop = async () => {
    for (const one of started.slice(2)) await one.stop();
    await Promise.all(started.slice(0, 2).map((one) => one.stop()));
  };
  const [log, store] = settled;
  try {
    if (log.status === 'rejected') throw log.reason;
    if (store.status === 'rejected') throw store.reason;
    const registryUrl = env['SCHEMA_REGISTRY_URL'];
    const registry = await timed(
      'schema registry',
      registryUrl ? Promise.resolve(external(registryUrl)) : embeddedRegistry(ports, store.value.address),
    );
    started.push(registry);
    return {
      addresses: { kafka: log.value.address, databaseUrl: store.value.address, registryUrl: registry.address },
      watched: started.flatMap((one) => (one.watched ? [one.watched] : [])),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function kafka(dir: string, ports: Ports, signal: AbortSignal): Promise<Started> {
  const handle = await startKafka({ dir: join(dir, 'kafka'), port: ports.kafka, signal });
  const [broker] = handle.nodes;
  if (broker === undefined) throw new Error('Kafka has no broker');
  const watched: WatchedServer = { name: 'Kafka', isRunning: broker.isRunning, exited: broker.exited, restart: handle.restart };
  return { address: handle.bootstrap, watched, stop: handle.stop };
}

async function postgres(dir: string, ports: Ports, signal: AbortSignal): Promise<Started> {
  const handle = await startPostgres({ dir: join(dir, 'postgres'), port: ports.postgres, signal });
  return { address: handle.url, watched: { name: 'PostgreSQL', ...handle }, stop: handle.stop };
}

/** kill -9 for those that run or start, for the second Ctrl-C. */
export function killLocalServers(dir: string): void {
  killByPidFile(join(dir, 'kafka/broker-1/broker.pid'), join(dir, 'kafka/broker-1/server.properties'));
  killByPidFile(join(dir, 'postgres/postgres.pid'), join(dir, 'postgres/cluster'));
}

/** Runs in this process: it ends only with it. */
async function embeddedRegistry(ports: Ports, databaseUrl: string): Promise<Started> {
  const registry = await startRegistry({ port: ports.registry, databaseUrl });
  const watched: WatchedServer = {
    name: 'schema registry',
    isRunning: () => true,
    exited: () => new Promise(() => {}),
    restart: async () => {},
  };
  return { address: registry.url, watched, stop: registry.stop };
}

async function refuseTakenPorts(ports: Ports, env: Env): Promise<void> {
  const needed: readonly (readonly [string, number])[] = [
    ...(env['KAFKA_BROKERS']
      ? []
      : ([
          ['Kafka', ports.kafka],
          ["Kafka's controller", ports.kafka + 1],
        ] as const)),
    ...(env['DATABASE_URL'] ? [] : ([['PostgreSQL', ports.postgres]] as const)),
    ...(env['SCHEMA_REGISTRY_URL'] ? [] : ([['the schema registry', ports.registry]] as const)),
  ];
  for (const [name, port] of needed) {
    if (!(await isPortFree(port))) throw new Error(`port ${port} for ${name} is taken: stop what uses it, or use --port-offset`);
  }
}

const seconds = (began: number): string => `  ${((performance.now() - began) / 1000).toFixed(1)} s`;

/** Without user and password. */
function shownAddress(address: string): string {
  if (!URL.canParse(address) || !address.includes('@')) return address;
  const url = new URL(address);
  return `${url.host}${url.pathname}`;
}

/**
 * The embedded Apache Kafka: one broker, or three that replicate, in KRaft combined mode, on loopback only (ADR 0008).
 *
 * Promise: `startKafka` resolves once every broker is unfenced and knows the others. Data and cluster id live in `dir` and survive stop,
 * kill and restart; ports may change between starts. Not for production: no TLS, no authentication.
 * Ports: broker n listens on `port + 2n`, its controller on the next one.
 */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jarsOf } from './jars.ts';
import { brokersOf } from './kafka-probe.ts';
import { kafkaProperties, logProperties } from './kafka-properties.ts';
import { lastLines } from './log-tail.ts';
import { endLeftover, type ServerProcess, startServerProcess } from './server-process.ts';
import { waitFor } from './wait.ts';

export type KafkaOptions = {
  /** Data folder, made when missing. */
  readonly dir: string;
  readonly port: number;
  readonly brokers?: 1 | 3;
  readonly heapMb?: number;
  /** More server.properties lines, winning over ours. */
  readonly properties?: Readonly<Record<string, string | number>>;
  /** Ends a start that is no longer wanted; the broker is killed. */
  readonly signal?: AbortSignal | undefined;
};

export type Broker = {
  readonly id: number;
  readonly address: string;
  readonly pid: () => number;
  isRunning(): boolean;
  /** Resolves with the reason when the broker that runs now ends. */
  exited(): Promise<string>;
  /** Controlled shutdown. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again when it is down; stops it first when it is up. Resolves once it serves. */
  restart(): Promise<void>;
};

export type KafkaHandle = {
  /** `host:port` of every broker. */
  readonly brokers: readonly string[];
  readonly bootstrap: string;
  readonly clusterId: string;
  readonly nodes: readonly Broker[];
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
};

const startDeadlineMs = 60_000;

export async function startKafka(options: KafkaOptions): Promise<KafkaHandle> {
  const count = options.brokers ?? 1;
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  mkdirSync(options.dir, { recursive: true });
  const clusterId = clusterIdOf(options.dir);
  const nodes = ids.map((id) => createBroker(id, ids, clusterId, options));
  const addresses = nodes.map((node) => node.address);
  const start = async () => {
    await Promise.all(nodes.map((node) => node.start()));
    await Promise.all(nodes.map((node) => node.whenServing(count)));
  };
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())));
  const kill = async () => void (await Promise.all(nodes.map((node) => node.kill())));
  try {
    await start();
  } catch (error) {
    await kill();
    throw error;
  }
  const restart = async () => {
    await stop();
    await start();
  };
  return { brokers: addresses, bootstrap: addresses.join(','), clusterId, nodes, stop, kill, restart };
}

/** The cluster's id: made once, kept in the data folder. */
function clusterIdOf(dir: string): string {
  const file = join(dir, 'cluster-id');
  if (!existsSync(file)) writeFileSync(file, newClusterId());
  return readFileSync(file, 'utf8').trim();
}

/** As Kafka's own: never with a dash in front, which its format tool would take for an option (1 in 64 otherwise). */
export function newClusterId(random: () => Buffer = () => randomBytes(16)): string {
  const id = random().toString('base64url');
  return id.startsWith('-') ? newClusterId(random) : id;
}

function createBroker(id: number, ids: readonly number[], clusterId: string, options: KafkaOptions) {
  const dir = join(options.dir, `broker-${id}`);
  const port = options.port + 2 * (id - 1);
  const address = `127.0.0.1:${port}`;
  const pidFile = join(dir, 'broker.pid');
  const configFile = join(dir, 'server.properties');
  const logFile = join(dir, 'broker.log');
  let running: ServerProcess | null = null;

  const java = (heapMb: number, main: string, ...args: string[]) => [
    `-Xmx${heapMb}m`,
    // Room for young objects: with what 64 MB leave for them all Kafka stands still for 70 ms every ten seconds.
    `-Xms${Math.min(heapMb, 256)}m`,
    `-Xmn${Math.min(heapMb, 256) / 2}m`,
    '-XX:+UseSerialGC',
    // The second compiler takes half a core for minutes to make a broker faster than one machine's hospital needs (docs/adr/0008).
    '-XX:TieredStopAtLevel=1',
    '-XX:-UsePerfData',
    ...logProperties,
    '-cp',
    join(jarsOf('kafka'), '*'),
    main,
    ...args,
  ];
  const start = async () => {
    if (running?.isRunning()) return;
    mkdirSync(dir, { recursive: true });
    endLeftover(pidFile, configFile);
    writeFileSync(configFile, kafkaProperties({ id, ids, port, firstPort: options.port, dir, extra: options.properties ?? {} }));
    if (!existsSync(join(dir, 'data', 'meta.properties'))) {
      const format = java(128, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', configFile);
      await promisify(execFile)('java', format).catch((error) => {
        throw new Error(`Kafka could not format ${dir}: ${error.stdout}${error.stderr}`);
      });
    }
    const args = java(options.heapMb ?? 512, 'kafka.Kafka', configFile);
    running = startServerProcess({ command: 'java', args, logFile, pidFile });
  };
  const whenServing = async (count: number) => {
    const ended = running?.exited.then((reason) => {
      throw new Error(`Kafka broker ${id} ${reason}; the end of ${logFile}:\n${lastLines(logFile, 8)}`);
    });
    const serving = waitFor(async () => (await brokersOf('127.0.0.1', port)) >= count, {
      deadlineMs: startDeadlineMs,
      what: `Kafka broker ${id} on port ${port}, see ${logFile}`,
      signal: options.signal,
    });
    ended?.catch(() => {});
    await Promise.race([serving, ended]);
  };
  const stop = async () => void (await running?.stop('SIGTERM', 30_000));
  const restart = async () => {
    await stop();
    await start();
    await whenServing(1);
  };
  const broker: Broker & { start(): Promise<void>; whenServing(count: number): Promise<void> } = {
    id,
    address,
    pid: () => running?.pid ?? -1,
    isRunning: () => running?.isRunning() ?? false,
    exited: () => running?.exited ?? Promise.resolve('was not started'),
    start,
    whenServing,
    stop,
    kill: async () => void (await running?.stop('SIGKILL', 1)),
    restart,
  };
  return broker;
}

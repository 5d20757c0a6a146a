/** The servers one benchmark runs on: Kafka, registry and Postgres of its own, with their durable settings, in a folder that is removed at the end. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelManifest } from '@clinstream/contracts';
import {
  defaultPartitions,
  deploy,
  ensureKeys,
  entryOf,
  freePorts,
  mllpChannelFile,
  modelsDir,
  type ServiceName,
  type ServicePorts,
  type ServiceProcess,
  serviceEnv,
  signToken,
  startKafka,
  startPostgres,
  startRegistry,
  startServiceProcess,
} from '@clinstream/local';

export type BenchStack = {
  readonly brokers: string;
  readonly databaseUrl: string;
  readonly registryUrl: string;
  readonly partitions: number;
  /** Patients the jobs are spread over. */
  readonly keys: number;
  readonly manifest: ModelManifest;
  readonly modelFile: string;
  readonly ports: ServicePorts;
  readonly pids: { readonly kafka: number; readonly postgres: number };
  startService(name: ServiceName, env?: Readonly<Record<string, string>>): Promise<ServiceProcess>;
  token(): Promise<string>;
  stop(): Promise<void>;
};

const modelFolder = join(modelsDir, 'breast-cancer', '1.0.0');

export async function startBenchStack(say: (line: string) => void): Promise<BenchStack> {
  const dir = mkdtempSync(join(tmpdir(), 'clinstream-bench-'));
  const first = await freePorts(12);
  const kafka = await startKafka({ dir: join(dir, 'kafka'), port: first, heapMb: 768 });
  const postgres = await startPostgres({ dir: join(dir, 'postgres'), port: first + 3 });
  const registry = await startRegistry({ host: '127.0.0.1', port: first + 4, databaseUrl: postgres.url });
  await deploy({
    kafka: { brokers: kafka.brokers, tls: null, sasl: null },
    registry: { url: registry.url },
    postgres: { url: postgres.url },
  });
  await ensureKeys(join(dir, 'keys'));
  say('Kafka, registry and Postgres are up');
  const manifest = JSON.parse(readFileSync(join(modelFolder, 'manifest.json'), 'utf8')) as ModelManifest;
  const ports: ServicePorts = {
    ingestHttp: first + 5,
    apiHttp: first + 6,
    mllp: first + 7,
    ops: { ingest: first + 8, inference: first + 9, api: first + 2, 'sync-fhir': first + 10, 'sync-lis': first + 11 },
  };
  const addresses = { kafka: kafka.bootstrap, registryUrl: registry.url, databaseUrl: postgres.url };
  const input = { addresses, ports, keysDir: join(dir, 'keys'), blobDir: join(dir, 'blobs'), mllpChannelFile };
  const services: ServiceProcess[] = [];
  return {
    brokers: kafka.bootstrap,
    databaseUrl: postgres.url,
    registryUrl: registry.url,
    partitions: defaultPartitions,
    keys: 5_000,
    manifest,
    modelFile: join(modelFolder, manifest.file),
    ports,
    pids: { kafka: kafka.nodes[0]?.pid() ?? 0, postgres: postgres.pid() },
    startService: async (name, env = {}) => {
      const service = startServiceProcess({
        name,
        entry: entryOf(name),
        env: { ...serviceEnv(name, input), ...env },
        logFile: join(dir, `${name}.log`),
      });
      services.push(service);
      await service.whenReady(60_000);
      return service;
    },
    token: () => signToken({ dir: join(dir, 'keys'), roles: ['system'], subject: 'bench' }),
    stop: async () => {
      for (const service of services.reverse()) if (service.isRunning()) await service.stop();
      await registry.stop();
      await postgres.stop();
      await kafka.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/**
 * A whole system to break: real Kafka (one broker or three), registry and Postgres with handles to each, the services as processes of their own,
 * sink and http apart. With `proxied`, every service reaches Kafka, Postgres and the registry through a fault proxy of its own: the broker
 * then has a listener per service, advertised at that service's proxy. With `hospital`, sync runs as well, with somebody to tell.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  deploy,
  ensureKeys,
  freePorts,
  type KafkaHandle,
  mllpChannelFile,
  noTargets,
  type PostgresHandle,
  serviceEnv,
  signToken,
  startKafka,
  startPostgres,
  startRegistry,
} from '@clinstream/local';
import { createAdmin, createKafka, type KafkaAdmin, type KafkaConnection } from '@clinstream/runtime/kafka';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { type FaultProxy, startFaultProxy } from '@clinstream/testkit';
import type { HttpDoor, Reader } from '@clinstream/testkit/oracle/index';
import { createReader } from '@clinstream/testkit/oracle/index';
import { type Hospital, startHospital } from './hospital.ts';
import { createPart, mainParts, type Part, type PartName, serviceOf, spareParts, syncParts } from './part.ts';

export type RigKind = 'one' | 'three' | 'proxied' | 'hospital';
export const proxiedParts = ['ingest', 'inference', 'sink', 'http'] as const satisfies readonly PartName[];
export type ProxiedPart = (typeof proxiedParts)[number];
export const dependencies = ['kafka', 'postgres', 'registry'] as const;
export type Dependency = (typeof dependencies)[number];

export type Rig = {
  readonly kind: RigKind;
  readonly dir: string;
  readonly kafka: KafkaHandle;
  readonly postgres: PostgresHandle;
  readonly connection: KafkaConnection;
  readonly admin: KafkaAdmin;
  readonly registryUrl: string;
  /** Sockets closed, new ones refused; and back. */
  stopRegistry(): Promise<void>;
  startRegistry(): Promise<void>;
  part(name: PartName): Part;
  proxy(part: ProxiedPart, to: Dependency): FaultProxy;
  /** Every main part runs and says it is ready; the others are ended. */
  whenWell(): Promise<void>;
  readonly http: HttpDoor;
  /** Where the API is read and results are reviewed. */
  readonly api: HttpDoor;
  /** Throws in a rig without one. */
  hospital(): Hospital;
  readonly mllpPort: number;
  readonly reader: Reader;
  redeploy(): Promise<void>;
  /** Called once everything has ended, before the folder is removed. */
  onStopped(cleanUp: () => void): void;
  stop(): Promise<void>;
};

type Ports = {
  readonly kafka: number;
  readonly postgres: number;
  readonly registry: number;
  readonly services: number;
  readonly listeners: number;
};

export async function startRig(kind: RigKind, properties: Readonly<Record<string, string | number>> = {}): Promise<Rig> {
  const dir = mkdtempSync(join(tmpdir(), 'clinstream-fault-'));
  const ports = await choosePorts();
  const brokerProxies = kind === 'proxied' ? await startBrokerProxies(ports) : null;
  const kafkaOptions = {
    dir: join(dir, 'kafka'),
    port: ports.kafka,
    brokers: kind === 'three' ? (3 as const) : (1 as const),
    heapMb: 384,
    properties: { ...fastElections, ...properties, ...(brokerProxies ? listenersOf(ports, brokerProxies) : {}) },
  };
  const [kafka, postgres, hospital] = await Promise.all([
    startKafka(kafkaOptions),
    startPostgres({ dir: join(dir, 'postgres'), port: ports.postgres, settings: { fsync: 'off' } }),
    kind === 'hospital' ? startHospital(join(dir, 'fhir')) : null,
  ]);
  const wanted: readonly PartName[] = hospital === null ? mainParts : [...mainParts, ...syncParts];
  let registry: Awaited<ReturnType<typeof startRegistry>> | null = null;
  const registryUrl = `http://127.0.0.1:${ports.registry}`;
  const openRegistry = async (): Promise<void> => {
    registry ??= await startRegistry({ port: ports.registry, databaseUrl: postgres.url });
  };
  const closeRegistry = async (): Promise<void> => {
    await registry?.stop();
    registry = null;
  };
  await openRegistry();
  const kafkaConfig = { brokers: kafka.brokers, tls: null, sasl: null };
  const redeploy = async (): Promise<void> =>
    void (await deploy({ kafka: kafkaConfig, registry: { url: registryUrl }, postgres: { url: postgres.url } }));
  await redeploy();
  await ensureKeys(join(dir, 'keys'));
  const token = await signToken({ dir: join(dir, 'keys'), roles: ['doctor', 'system'], client: 'oracle' });
  const proxies = brokerProxies ? await startServerProxies(ports, brokerProxies) : null;
  const servicePorts = servicePortsFrom(ports.services);
  const parts = new Map<PartName, Part>();
  const partOf = (name: PartName): Part => {
    const known = parts.get(name);
    if (known) return known;
    const made = createPart(name, envOf(name), join(dir, 'logs', `${name}.log`));
    parts.set(name, made);
    return made;
  };
  const envOf = (name: PartName): Readonly<Record<string, string>> => {
    const through = (to: Dependency): FaultProxy | null => proxies?.get(`${name} ${to}`) ?? null;
    const addresses = {
      kafka: through('kafka')?.address ?? kafka.bootstrap,
      registryUrl: through('registry') ? `http://${through('registry')?.address}` : registryUrl,
      databaseUrl: withPort(postgres.url, through('postgres')?.port ?? ports.postgres),
    };
    const input = { addresses, ports: servicePorts, keysDir: join(dir, 'keys'), blobDir: join(dir, 'blobs'), mllpChannelFile };
    const targets = hospital?.targets ?? noTargets;
    const own = syncParts.some((part) => part === name) ? hospital?.env : ownEnvOf(name);
    return { ...serviceEnv(serviceOf(name), { ...input, targets }), ...own, OPS_PORT: String(opsPortOf(name, ports.services)) };
  };
  const connection = createKafka(kafkaConfig, createSilentTelemetry(), { clientId: 'fault-test', requestTimeoutMs: 30_000 });
  const admin = createAdmin(connection);
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  const whenWell = async (): Promise<void> => {
    for (const proxy of proxies?.values() ?? []) proxy.set({ kind: 'pass' });
    await openRegistry();
    for (const name of wanted) partOf(name).start();
    for (const name of spareParts) await parts.get(name)?.terminate();
    for (const name of wanted) await partOf(name).whenReady();
  };
  const cleanUps: (() => void)[] = [];
  const stop = async (): Promise<void> => {
    for (const part of parts.values()) part.signal('SIGCONT');
    await Promise.all([...parts.values()].map((part) => part.kill()));
    await admin.close();
    await closeRegistry();
    for (const proxy of new Set(proxies?.values() ?? [])) await proxy.stop();
    await Promise.all([kafka.kill(), postgres.kill(), hospital?.stop()]);
    for (const cleanUp of cleanUps) cleanUp();
    if (!process.env['CLINSTREAM_KEEP']) rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  await whenWell().catch(async (error) => {
    await stop();
    throw error;
  });
  return {
    kind,
    dir,
    kafka,
    postgres,
    connection,
    admin,
    registryUrl,
    stopRegistry: closeRegistry,
    startRegistry: openRegistry,
    part: partOf,
    proxy: (part, to) => {
      const proxy = proxies?.get(`${part} ${to}`);
      if (!proxy) throw new Error(`no proxy between ${part} and ${to} in this rig`);
      return proxy;
    },
    whenWell,
    http: { url: url(servicePorts.ingestHttp), token, timeoutMs: 8_000 },
    api: { url: url(servicePorts.apiHttp), token, timeoutMs: 8_000 },
    hospital: () => {
      if (hospital === null) throw new Error('this rig has no hospital');
      return hospital;
    },
    mllpPort: servicePorts.mllp,
    reader: createReader({ url: url(servicePorts.apiHttp), token, timeoutMs: 5_000 }),
    redeploy,
    onStopped: (cleanUp) => void cleanUps.push(cleanUp),
    stop,
  };
}

/** So that leaders that were moved go where they are wanted at once. */
const fastElections = {
  'auto.leader.rebalance.enable': 'true',
  'leader.imbalance.check.interval.seconds': 1,
  'leader.imbalance.per.broker.percentage': 0,
};

async function choosePorts(): Promise<Ports> {
  const first = await freePorts(36);
  return { kafka: first, postgres: first + 6, registry: first + 7, services: first + 8, listeners: first + 26 };
}

const servicePortsFrom = (first: number) => ({
  ingestHttp: first,
  apiHttp: first + 1,
  mllp: first + 2,
  ops: { ingest: first + 3, inference: first + 4, api: first + 5, 'sync-fhir': first + 9, 'sync-lis': first + 10 },
});
const opsPorts: readonly PartName[] = [...mainParts, ...spareParts, ...syncParts];
const opsPortOf = (name: PartName, first: number): number => first + 3 + opsPorts.indexOf(name);

function ownEnvOf(name: PartName): Readonly<Record<string, string>> {
  if (name === 'http') return { API_ROLES: 'http' };
  if (name === 'inference-leaking') return { INFERENCE_WORKER_MAX_MB: '256' };
  return name === 'sink' || name === 'sink-2' ? { API_ROLES: 'sink' } : {};
}

function withPort(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl);
  url.port = String(port);
  return url.href;
}

type BrokerProxies = ReadonlyMap<ProxiedPart, FaultProxy>;

async function startBrokerProxies(ports: Ports): Promise<BrokerProxies> {
  const started = proxiedParts.map(
    async (part, index) => [part, await startFaultProxy({ targetPort: ports.listeners + index })] as const,
  );
  return new Map(await Promise.all(started));
}

/** A listener per service, advertised at its proxy: whoever comes in by it is sent back to it. */
function listenersOf(ports: Ports, proxies: BrokerProxies): Readonly<Record<string, string>> {
  const own = proxiedParts.map((part, index) => ({
    name: part.toUpperCase(),
    port: ports.listeners + index,
    proxy: proxies.get(part)?.port,
  }));
  const listed = (entries: readonly string[], ...first: readonly string[]): string => [...first, ...entries].join(',');
  return {
    listeners: listed(
      own.map(({ name, port }) => `${name}://127.0.0.1:${port}`),
      `PLAINTEXT://127.0.0.1:${ports.kafka}`,
      `CONTROLLER://127.0.0.1:${ports.kafka + 1}`,
    ),
    'advertised.listeners': listed(
      own.map(({ name, proxy }) => `${name}://127.0.0.1:${proxy}`),
      `PLAINTEXT://127.0.0.1:${ports.kafka}`,
    ),
    'listener.security.protocol.map': listed(
      own.map(({ name }) => `${name}:PLAINTEXT`),
      'PLAINTEXT:PLAINTEXT',
      'CONTROLLER:PLAINTEXT',
    ),
  };
}

async function startServerProxies(ports: Ports, brokerProxies: BrokerProxies): Promise<ReadonlyMap<string, FaultProxy>> {
  const all = new Map<string, FaultProxy>();
  for (const part of proxiedParts) {
    const kafka = brokerProxies.get(part);
    if (kafka) all.set(`${part} kafka`, kafka);
    all.set(`${part} postgres`, await startFaultProxy({ targetPort: ports.postgres }));
    all.set(`${part} registry`, await startFaultProxy({ targetPort: ports.registry }));
  }
  return all;
}

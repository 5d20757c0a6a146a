/**
 * `fhir`: sync writing into a real FHIR server (HAPI, H2, one machine). What it reaches beside a bare client of the same concurrency that posts the very
 * same bundles in a loop; and what coalescing is worth after an outage: the events of a backlog per second, against the same events told one by one as
 * they come. The server is the limit; the ratios are of one run on one server.
 *
 * What is timed. Sync runs all along, as the bare client does, and both go through one door in front of the server. The server stalls (the door is
 * shut) while a backlog is published and taken in; then the door opens. Resources per second are those of the window from the first request to the last
 * answer that pass the door; the bare client's window is the same. So sync's start and its reading of Kafka are in neither; its ledger, its look-ups of
 * patients, its outcomes in Kafka are, and on a small machine share the processors with the server. `coalesced` counts the reading as well, because
 * `one by one` cannot do without.
 *
 * On a small machine the server, sync, Postgres and Kafka share the processors, the bare client has them to itself: `ratio` is that. `apart_…` is measured
 * once more with the server on a processor of its own and everything else, either client included, on the others, as where the server is another machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FhirServer, freePorts, type ServiceProcess, startFhirServer, waitFor } from '@clinstream/local';
import pg from 'pg';
import type { Bench, Figures } from './lib/bench.ts';
import { type ClinicalDoor, dayOf, openClinical, outcomesOf } from './lib/clinical.ts';
import { type Door, startDoor } from './lib/door.ts';
import { usageOf } from './lib/process-usage.ts';
import { canPin, pin } from './lib/processors.ts';
import { entriesOf, saltedBundle, startRecordingProxy } from './lib/recording-proxy.ts';
import { type BenchStack, startBenchStack } from './lib/stack.ts';
import { median, rounded } from './lib/stats.ts';

type Bed = {
  readonly stack: BenchStack;
  readonly server: FhirServer;
  readonly door: Door;
  readonly clinical: ClinicalDoor;
  readonly db: pg.Client;
  readonly patients: number;
};
type Cpu = { readonly server: number; readonly sync: number; readonly postgres: number; readonly kafka: number };
type Reading = {
  readonly resourcesPerSecond: number;
  /** Of each process, milliseconds per resource. */
  readonly cpuMs: Cpu;
};
type Coalesced = Reading & { readonly eventsPerSecond: number };
type Round = { readonly ours: Coalesced; readonly bare: Reading; readonly oneByOne: number };

const concurrency = 8;
/** Longer than the door is ever shut. */
const timeoutMs = 300_000;
let runs = 0;

export const fhir: Bench = {
  about: 'sync into HAPI FHIR beside a bare client, and coalesced beside one by one (--rounds 3 --jobs 200 patients)',
  run: async ({ rounds = 3, jobs: patients = 200 }, say) => {
    const stack = await startBenchStack(say);
    const dir = mkdtempSync(join(tmpdir(), 'clinstream-bench-fhir-'));
    const server = await startFhirServer({ dir, port: await freePorts(), validate: false, optimise: true, heapMb: 1024 });
    say('FHIR server is up');
    const door = await startDoor(server.baseUrl);
    const db = new pg.Client({ connectionString: stack.databaseUrl });
    await db.connect();
    const clinical = await openClinical(stack);
    try {
      return await compare({ stack, server, door, clinical, db, patients }, rounds, say);
    } finally {
      await clinical.close();
      await db.end();
      await stack.stop();
      await door.stop();
      await server.stop();
      rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  },
};

async function compare(bed: Bed, rounds: number, say: (line: string) => void): Promise<Figures> {
  const bundles = await recordBundles(bed);
  const sync = await startSync(bed, bed.door.baseUrl);
  let round = 0;
  const measure = async (what: string): Promise<Round> => {
    const one = await runRound(bed, sync, bundles, round++);
    say(saidOf(what, one));
    return one;
  };
  await measure('warm-up');
  const shared: Round[] = [];
  for (let n = 1; n <= rounds; n++) shared.push(await measure(`round ${n}`));
  const apart: Round[] = [];
  if (canPin()) {
    const last = availableParallelism() - 1;
    pin([process.pid, sync.pid, bed.stack.pids.postgres, bed.stack.pids.kafka], `1-${last}`);
    // A descendant of this process: after it.
    pin([bed.server.pid()], '0');
    for (let n = 1; n <= rounds; n++) apart.push(await measure(`apart, round ${n}`));
    pin([process.pid], `0-${last}`);
  }
  await sync.stop();
  return figuresOf(shared, apart, bed.patients);
}

/** Who comes first changes from round to round: the server grows. */
async function runRound(bed: Bed, sync: ServiceProcess, bundles: readonly string[], round: number): Promise<Round> {
  const salted = () => bundles.map((bundle) => saltedBundle(bundle, round));
  const posted = round % 2 === 0 ? await postBundles(bed, salted()) : null;
  const ours = await runBacklog(bed, sync);
  const bare = posted ?? (await postBundles(bed, salted()));
  return { ours, bare, oneByOne: await runOneByOne(bed) };
}

const saidOf = (what: string, { ours, bare, oneByOne }: Round): string =>
  `${what}: ${Math.round(ours.resourcesPerSecond)} resources/s, bare ${Math.round(bare.resourcesPerSecond)}; ` +
  `${Math.round(ours.eventsPerSecond)} events/s coalesced, ${Math.round(oneByOne)} one by one; ms per resource ` +
  `${cpuSaid(ours.cpuMs)}, bare ${cpuSaid(bare.cpuMs)}`;

const cpuSaid = (cpu: Cpu): string =>
  Object.entries(cpu)
    .map(([name, ms]) => `${name} ${ms.toFixed(2)}`)
    .join(' ');

function figuresOf(shared: readonly Round[], apart: readonly Round[], patients: number): Figures {
  const rate = (rounds: readonly Round[], who: 'ours' | 'bare'): number =>
    median(rounds.map((round) => round[who].resourcesPerSecond));
  const cpu = (who: 'ours' | 'bare', name: keyof Cpu): number => rounded(median(shared.map((round) => round[who].cpuMs[name])));
  const events = median(shared.map(({ ours }) => ours.eventsPerSecond));
  const single = median(shared.map(({ oneByOne }) => oneByOne));
  return {
    resources_per_s: rounded(rate(shared, 'ours')),
    bare_resources_per_s: rounded(rate(shared, 'bare')),
    ratio: rounded(rate(shared, 'ours') / rate(shared, 'bare')),
    ...(apart.length === 0
      ? {}
      : {
          apart_resources_per_s: rounded(rate(apart, 'ours')),
          apart_bare_resources_per_s: rounded(rate(apart, 'bare')),
          apart_ratio: rounded(rate(apart, 'ours') / rate(apart, 'bare')),
        }),
    coalesced_events_per_s: rounded(events),
    one_by_one_events_per_s: rounded(single),
    coalesced_ratio: rounded(events / single),
    server_cpu_ms_per_resource: cpu('ours', 'server'),
    bare_server_cpu_ms_per_resource: cpu('bare', 'server'),
    sync_cpu_ms_per_resource: cpu('ours', 'sync'),
    postgres_cpu_ms_per_resource: cpu('ours', 'postgres'),
    kafka_cpu_ms_per_resource: cpu('ours', 'kafka'),
    patients,
    concurrency,
  };
}

/** What sync sends of such days. It reads a log for the first time here, so that it begins when all is taken in: a bundle for each patient. */
async function recordBundles(bed: Bed): Promise<readonly string[]> {
  const proxy = await startRecordingProxy(bed.door.baseUrl);
  try {
    const run = newRun();
    await bed.clinical.publish(daysOf(run, bed.patients).flat());
    const sync = await startSync(bed, proxy.baseUrl);
    await bed.clinical.settled(bed.db, 'fhir', 100);
    await sync.stop();
    await outcomesOf(bed.db, 'fhir', run);
    return proxy.bundles();
  } finally {
    await proxy.stop();
  }
}

const newRun = (): string => `r${++runs}${Date.now().toString(36)}`;
const daysOf = (run: string, patients: number) => Array.from({ length: patients }, (_, patient) => dayOf(run, patient));
const startSync = (bed: Bed, baseUrl: string): Promise<ServiceProcess> =>
  bed.stack.startService('sync-fhir', {
    FHIR_BASE_URL: baseUrl,
    FHIR_CONCURRENCY: String(concurrency),
    FHIR_REQUESTS_PER_SECOND: '100000',
    FHIR_TIMEOUT_MS: String(timeoutMs),
  });

/** A backlog of whole days, taken in while the server stalls. */
async function runBacklog(bed: Bed, sync: ServiceProcess): Promise<Coalesced> {
  const { door, clinical, db, server } = bed;
  const run = newRun();
  const before = await countResources(server.baseUrl);
  door.shut();
  const first = daysOf(`${run}first`, concurrency).flat();
  await clinical.publish(first);
  await waitFor(async () => door.isKnockedAt() && (await patientsHeld(db)) >= concurrency, {
    deadlineMs: 60_000,
    what: 'as many patients as are sent to at a time stand at the door, and what comes now is read behind it',
  });
  await clinical.takenIn(db, 'fhir');
  const days = daysOf(run, bed.patients).flat();
  const began = performance.now();
  await clinical.publish(days);
  await clinical.takenIn(db, 'fhir');
  const reading = (performance.now() - began) / 1_000;
  const cpu = watchCpu(bed, sync.pid);
  door.open();
  await clinical.settled(db, 'fhir', 100);
  const seconds = door.seconds();
  const used = cpu();
  await outcomesOf(db, 'fhir', run);
  const resources = (await countResources(server.baseUrl)) - before;
  return {
    resourcesPerSecond: resources / seconds,
    eventsPerSecond: days.length / (reading + seconds),
    cpuMs: perResource(used, resources),
  };
}

async function patientsHeld(db: pg.Client): Promise<number> {
  const { rows } = await db.query("SELECT count(*)::int AS held FROM sync.patients WHERE target = 'fhir' AND holder IS NOT NULL");
  return rows[0].held;
}

function watchCpu({ server, stack }: Bed, syncPid: number | null): () => Cpu {
  const cpu = (pid: number | null): number => (pid === null ? 0 : usageOf(pid).cpuSeconds * 1_000);
  const look = (): Cpu => ({
    server: cpu(server.pid()),
    sync: cpu(syncPid),
    postgres: cpu(stack.pids.postgres),
    kafka: cpu(stack.pids.kafka),
  });
  const before = look();
  return () => {
    const after = look();
    const since = (name: keyof Cpu): number => after[name] - before[name];
    return { server: since('server'), sync: since('sync'), postgres: since('postgres'), kafka: since('kafka') };
  };
}

const perResource = ({ server, sync, postgres, kafka }: Cpu, resources: number): Cpu => ({
  server: server / resources,
  sync: sync / resources,
  postgres: postgres / resources,
  kafka: kafka / resources,
});

/** The same days as they come: nobody's next event before the last one of all is told. Events per second. */
async function runOneByOne({ clinical, db, patients }: Bed): Promise<number> {
  const run = newRun();
  const days = daysOf(run, patients);
  let events = 0;
  const began = performance.now();
  for (let step = 0; step < (days[0]?.length ?? 0); step++) {
    const part = days.flatMap((day) => day[step] ?? []);
    await clinical.publish(part);
    await clinical.settled(db, 'fhir', 25);
    events += part.length;
  }
  const seconds = (performance.now() - began) / 1_000;
  await outcomesOf(db, 'fhir', run);
  return events / seconds;
}

/** A client that does nothing else. */
async function postBundles(bed: Bed, bundles: readonly string[]): Promise<Reading> {
  const { door } = bed;
  const waiting = [...bundles];
  const resources = bundles.reduce((sum, bundle) => sum + entriesOf(bundle), 0);
  const cpu = watchCpu(bed, null);
  const post = async (): Promise<void> => {
    for (let bundle = waiting.pop(); bundle !== undefined; bundle = waiting.pop()) {
      const headers = { 'content-type': 'application/fhir+json', accept: 'application/fhir+json', prefer: 'return=minimal' };
      const answer = await fetch(door.baseUrl, { method: 'POST', headers, body: bundle });
      const body = await answer.text();
      if (!answer.ok) throw new Error(`the bare client was answered ${answer.status}: ${body.slice(0, 300)}`);
    }
  };
  door.open();
  await Promise.all(Array.from({ length: concurrency }, post));
  const seconds = door.seconds();
  return { resourcesPerSecond: resources / seconds, cpuMs: perResource(cpu(), resources) };
}

const countedTypes = ['Patient', 'ServiceRequest', 'Specimen', 'Observation', 'DiagnosticReport', 'Task', 'Provenance'];

async function countResources(baseUrl: string): Promise<number> {
  const totals = await Promise.all(
    countedTypes.map(async (type) => {
      const answer = await fetch(`${baseUrl}/${type}?_summary=count`, { headers: { 'cache-control': 'no-cache' } });
      return ((await answer.json()) as { readonly total?: number }).total ?? 0;
    }),
  );
  return totals.reduce((sum, total) => sum + total, 0);
}

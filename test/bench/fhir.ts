/**
 * `fhir`: sync writing into a real FHIR server (HAPI, H2, one machine). What it reaches beside a bare client of the same concurrency that posts the very
 * same bundles in a loop; and what coalescing is worth after an outage: the events of a backlog per second, against the same events told one by one as
 * they come. The server is the limit; both ratios are of one run on one server.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FhirServer, freePorts, startFhirServer } from '@clinstream/local';
import pg from 'pg';
import type { Bench, Figures } from './lib/bench.ts';
import { type ClinicalDoor, dayOf, openClinical, outcomesOf } from './lib/clinical.ts';
import { entriesOf, saltedBundle, startRecordingProxy } from './lib/recording-proxy.ts';
import { type BenchStack, startBenchStack } from './lib/stack.ts';
import { median, rounded } from './lib/stats.ts';

type Bed = {
  readonly stack: BenchStack;
  readonly server: FhirServer;
  readonly door: ClinicalDoor;
  readonly db: pg.Client;
  readonly patients: number;
};
type Rates = { readonly resourcesPerSecond: number; readonly eventsPerSecond: number };

const concurrency = 8;
let runs = 0;

export const fhir: Bench = {
  about: 'sync into HAPI FHIR beside a bare client, and coalesced beside one by one (--rounds 3 --jobs 200 patients)',
  run: async ({ rounds = 3, jobs: patients = 200 }, say) => {
    const stack = await startBenchStack(say);
    const dir = mkdtempSync(join(tmpdir(), 'clinstream-bench-fhir-'));
    const server = await startFhirServer({ dir, port: await freePorts(), validate: false, optimise: true, heapMb: 1024 });
    say('FHIR server is up');
    const db = new pg.Client({ connectionString: stack.databaseUrl });
    await db.connect();
    const door = await openClinical(stack);
    try {
      return await compare({ stack, server, door, db, patients }, rounds, say);
    } finally {
      await door.close();
      await db.end();
      await stack.stop();
      await server.stop();
      rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  },
};

async function compare(bed: Bed, rounds: number, say: (line: string) => void): Promise<Figures> {
  // The first of each is warm-up: it also records the bundles.
  const bundles = await recordBundles(bed);
  await runOneByOne(bed);
  const [coalesced, single, bare]: [Rates[], number[], number[]] = [[], [], []];
  for (let round = 1; round <= rounds; round++) {
    coalesced.push(await runBacklog(bed, bed.server.baseUrl));
    bare.push(
      await postBundles(
        bed.server.baseUrl,
        bundles.map((bundle) => saltedBundle(bundle, round)),
      ),
    );
    single.push(await runOneByOne(bed));
    const last = coalesced.at(-1);
    say(
      `round ${round}: ${Math.round(last?.resourcesPerSecond ?? 0)} resources/s, bare ${Math.round(bare.at(-1) ?? 0)}; ` +
        `${Math.round(last?.eventsPerSecond ?? 0)} events/s coalesced, ${Math.round(single.at(-1) ?? 0)} one by one`,
    );
  }
  const ours = median(coalesced.map(({ resourcesPerSecond }) => resourcesPerSecond));
  const events = median(coalesced.map(({ eventsPerSecond }) => eventsPerSecond));
  return {
    resources_per_s: rounded(ours),
    bare_resources_per_s: rounded(median(bare)),
    ratio: rounded(ours / median(bare)),
    coalesced_events_per_s: rounded(events),
    one_by_one_events_per_s: rounded(median(single)),
    coalesced_ratio: rounded(events / median(single)),
    patients: bed.patients,
    concurrency,
  };
}

async function recordBundles(bed: Bed): Promise<readonly string[]> {
  const proxy = await startRecordingProxy(bed.server.baseUrl);
  try {
    await runBacklog(bed, proxy.baseUrl);
    return proxy.bundles();
  } finally {
    await proxy.stop();
  }
}

const newRun = (): string => `r${++runs}${Date.now().toString(36)}`;
const startSync = (bed: Bed, baseUrl: string) =>
  bed.stack.startService('sync-fhir', {
    FHIR_BASE_URL: baseUrl,
    FHIR_CONCURRENCY: String(concurrency),
    FHIR_REQUESTS_PER_SECOND: '100000',
  });

/** A backlog of whole days, found by a sync that starts. */
async function runBacklog(bed: Bed, baseUrl: string): Promise<Rates> {
  const run = newRun();
  const events = Array.from({ length: bed.patients }, (_, patient) => dayOf(run, patient)).flat();
  await bed.door.publish(events);
  const before = await countResources(bed.server.baseUrl);
  const sync = await startSync(bed, baseUrl);
  await bed.door.settled(bed.db, 'fhir');
  await sync.stop();
  const { seconds } = await outcomesOf(bed.db, 'fhir', run);
  const resources = (await countResources(bed.server.baseUrl)) - before;
  return { resourcesPerSecond: resources / seconds, eventsPerSecond: events.length / seconds };
}

/** The same days as they come: nobody's next event before the last one of all is told. Events per second. */
async function runOneByOne(bed: Bed): Promise<number> {
  const run = newRun();
  const days = Array.from({ length: bed.patients }, (_, patient) => dayOf(run, patient));
  const sync = await startSync(bed, bed.server.baseUrl);
  let events = 0;
  let seconds = 0;
  for (let step = 0; step < (days[0]?.length ?? 0); step++) {
    const part = days.flatMap((day) => day[step] ?? []);
    const began = performance.now();
    await bed.door.publish(part);
    await bed.door.settled(bed.db, 'fhir');
    seconds += (performance.now() - began) / 1000;
    events += part.length;
  }
  await sync.stop();
  await outcomesOf(bed.db, 'fhir', run);
  return events / seconds;
}

/** Resources per second of a client that does nothing else. */
async function postBundles(baseUrl: string, bundles: readonly string[]): Promise<number> {
  const waiting = [...bundles];
  const resources = bundles.reduce((sum, bundle) => sum + entriesOf(bundle), 0);
  const began = performance.now();
  const post = async (): Promise<void> => {
    for (let bundle = waiting.pop(); bundle !== undefined; bundle = waiting.pop()) {
      const headers = { 'content-type': 'application/fhir+json', accept: 'application/fhir+json', prefer: 'return=minimal' };
      const answer = await fetch(baseUrl, { method: 'POST', headers, body: bundle });
      const body = await answer.text();
      if (!answer.ok) throw new Error(`the bare client was answered ${answer.status}: ${body.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, post));
  return (resources * 1000) / (performance.now() - began);
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

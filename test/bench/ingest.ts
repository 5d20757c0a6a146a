/**
 * `ingest`: what the doors take. Analyses over HTTP one by one against bare Fastify with the same schema that awaits one bare produce; NDJSON batches;
 * MLLP one by one and pipelined, over 1 and 50 connections, against a bare TCP server with the same framing that awaits the same produce.
 * The load comes from a process of its own. What is accepted stays in the log: no other service runs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@clinstream/local';
import { createAdmin, createKafka } from '@clinstream/runtime/kafka';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import type { Bench, Figures } from './lib/bench.ts';
import { featuresOf, patientOf, random } from './lib/cases.ts';
import { type Load, runLoad, startProgram, untilReady } from './lib/load.ts';
import { ended } from './lib/redis.ts';
import { type BenchStack, startBenchStack } from './lib/stack.ts';
import { median, rounded } from './lib/stats.ts';

type Doors = { readonly http: number; readonly mllp: number };
type Run = { readonly name: string; readonly run: (doors: Doors) => Promise<Load>; readonly isOursOnly?: boolean };
type Say = (line: string) => void;

const httpConnections = 64;
const batchLines = 1_000;
/** What MLLP's listener lets a sender have unanswered. */
const mllpWindow = 32;

export const ingest: Bench = {
  about: 'HTTP, NDJSON and MLLP doors against bare servers that await the same produce (--rounds 3 --seconds 5)',
  run: async ({ rounds = 3, seconds = 5 }, say) => {
    const stack = await startBenchStack(say);
    const dir = mkdtempSync(join(tmpdir(), 'clinstream-ingest-'));
    const bare = await startBare(stack);
    try {
      const ours = { http: stack.ports.ingestHttp, mllp: stack.ports.mllp };
      await stack.startService('ingest', { HTTP_RATE_LIMIT_PER_MINUTE: '0' });
      const runs = await runsOf(stack, dir, seconds);
      return await compare(runs, ours, bare.doors, rounds, say);
    } finally {
      await ended(bare.child, 'SIGTERM');
      await stack.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function startBare(stack: BenchStack) {
  const kafka = createKafka({ brokers: stack.brokers.split(','), tls: null, sasl: null }, createSilentTelemetry());
  const admin = createAdmin(kafka);
  await admin.createTopics([{ topic: 'bench.ingest', partitions: stack.partitions }]);
  await admin.close();
  const http = await freePorts(2);
  const doors = { http, mllp: http + 1 };
  const ports = { HTTP_PORT: String(doors.http), MLLP_PORT: String(doors.mllp) };
  const child = startProgram('bare/bare-ingest.ts', { BROKERS: stack.brokers, TOPIC: 'bench.ingest', ...ports });
  await untilReady(child);
  return { child, doors };
}

async function runsOf(stack: BenchStack, dir: string, seconds: number): Promise<readonly Run[]> {
  const shared = { SECONDS: String(seconds), TOKEN: await stack.token() };
  const single = {
    ...shared,
    BODIES: bodiesFile(dir, 'single', bodiesOf(stack, 2_000)),
    TYPE: 'application/json',
    EXPECT: '202',
  };
  const lines = {
    ...shared,
    BODIES: bodiesFile(dir, 'batch', batchesOf(stack, 10)),
    TYPE: 'application/x-ndjson',
    EXPECT: '200',
  };
  const http = (env: Readonly<Record<string, string>>, path: string, connections: number) => (doors: Doors) =>
    runLoad('load/http-load.ts', { ...env, URL: `http://127.0.0.1:${doors.http}${path}`, CONNECTIONS: String(connections) });
  const mllp = (connections: number, window: number) => (doors: Doors) =>
    runLoad('load/mllp-load.ts', {
      ...shared,
      PORT: String(doors.mllp),
      CONNECTIONS: String(connections),
      WINDOW: String(window),
    });
  return [
    { name: 'http', run: http(single, '/v1/analyses', httpConnections) },
    { name: 'mllp_1', run: mllp(1, 1) },
    { name: 'mllp_1_pipelined', run: mllp(1, mllpWindow) },
    { name: 'mllp_50', run: mllp(50, 1) },
    { name: 'mllp_50_pipelined', run: mllp(50, mllpWindow) },
    { name: 'batch', isOursOnly: true, run: async (doors) => perLine(await http(lines, '/v1/analyses:batch', 4)(doors)) },
  ];
}

const perLine = (load: Load): Load => ({ ...load, perSecond: load.perSecond * batchLines });

async function compare(runs: readonly Run[], ours: Doors, bare: Doors, rounds: number, say: Say): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const { name, run, isOursOnly } of runs) {
    const [own, other]: [Load[], Load[]] = [[], []];
    // The first is warm-up, and not counted.
    for (let round = 0; round <= rounds; round++) {
      const pair = [await run(ours), isOursOnly ? null : await run(bare)] as const;
      if (round === 0) continue;
      own.push(pair[0]);
      if (pair[1] !== null) other.push(pair[1]);
    }
    Object.assign(figures, figuresOf(name, own, other));
    const beside = isOursOnly ? '' : `, bare ${figures[`${name}_bare_per_s`]}, ratio ${figures[`${name}_ratio`]}`;
    say(`${name}: ${figures[`${name}_per_s`]} per s${beside}`);
  }
  say(`HTTP single / bare Fastify = ${figures['http_ratio']} (aim 0.5)`);
  return figures;
}

function figuresOf(name: string, own: readonly Load[], other: readonly Load[]): Readonly<Record<string, number>> {
  const rate = (loads: readonly Load[]): number => median(loads.map((load) => load.perSecond));
  const refused = own.reduce((sum, load) => sum + load.refused, 0);
  return {
    [`${name}_per_s`]: Math.round(rate(own)),
    ...(refused > 0 ? { [`${name}_refused`]: refused } : {}),
    ...(name === 'http' ? { http_p50_ms: rounded(median(own.map((load) => load.p50))) } : {}),
    ...(other.length > 0
      ? { [`${name}_bare_per_s`]: Math.round(rate(other)), [`${name}_ratio`]: rounded(rate(own) / rate(other)) }
      : {}),
  };
}

function bodiesFile(dir: string, name: string, bodies: readonly string[]): string {
  const file = join(dir, `${name}.json`);
  writeFileSync(file, JSON.stringify(bodies));
  return file;
}

function analyses(stack: BenchStack, count: number): readonly object[] {
  const next = random(5);
  return Array.from({ length: count }, (_, index) => {
    const [facility, authority, id] = patientOf(index, stack.keys).split('|');
    const features = featuresOf(stack.manifest, next);
    const inputs = Object.fromEntries(stack.manifest.inputs.map((input, i) => [input.name, features[i]]));
    return { patient: { facility, authority, id }, model: stack.manifest.name, inputs };
  });
}

const bodiesOf = (stack: BenchStack, count: number): readonly string[] =>
  analyses(stack, count).map((body) => JSON.stringify(body));

/** A reference sent again is a repeat: the same jobs, published again all the same. */
const batchesOf = (stack: BenchStack, count: number): readonly string[] =>
  Array.from({ length: count }, (_, batch) =>
    analyses(stack, batchLines)
      .map((body, i) => `${JSON.stringify({ reference: `${batch}-${i}`, ...body })}\n`)
      .join(''),
  );

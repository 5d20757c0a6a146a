/**
 * Runs the full pipeline once: a preloaded lane, the sink caught up with the requests, then inference starts and the lane drains.
 * The timed window begins with the first job taken up and ends with the last result row committed. The sink wrote the *waiting* rows before it: as in
 * a hospital, where a waiting job is shown as waiting; the bare loop has no such rows.
 */

import { freePorts, type ServiceProcess, waitFor } from '@clinstream/local';
import pg from 'pg';
import { type Mixture, preload } from './preload.ts';
import { type Usage, usageOf } from './process-usage.ts';
import type { BenchStack } from './stack.ts';
import { rounded } from './stats.ts';

export type FullRun = {
  readonly perSecond: number;
  /** CPU seconds of all services, Kafka and Postgres per 10,000 jobs. */
  readonly cpuPer10k: number;
  readonly cpuByProcess: Readonly<Record<string, number>>;
  readonly rssMb: Readonly<Record<string, number>>;
};

export type FullOptions = Mixture & { readonly jobs: number; readonly evidence: boolean; readonly instances?: number };

let runs = 0;

export async function runFullPipeline(stack: BenchStack, options: FullOptions): Promise<FullRun> {
  const run = `full${++runs}-${Date.now().toString(36)}`;
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  const sink = await stack.startService('api', { API_ROLES: 'sink' });
  try {
    const before = await positions(client);
    await preload(stack, { run, ...options });
    await reached(client, 'analysis.requests.%', before.requests + options.jobs);
    const pids = { api: sink.pid, kafka: stack.pids.kafka, postgres: stack.pids.postgres };
    const start = Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, usageOf(pid)]));
    const instances = await startInstances(stack, options.instances ?? 1);
    await reached(client, 'analysis.results.%', before.results + options.jobs);
    const committedAt = Date.now();
    const end = Object.fromEntries(Object.entries({ ...pids, ...pidsOf(instances) }).map(([name, pid]) => [name, usageOf(pid)]));
    for (const instance of instances) await instance.stop();
    await assertCompleted(client, run, options.jobs);
    return {
      perSecond: (options.jobs * 1000) / (committedAt - (await firstReadAt(client, run))),
      ...usage(start, end, options.jobs),
    };
  } finally {
    await sink.stop();
    await client.end();
  }
}

function startInstances(stack: BenchStack, count: number): Promise<readonly ServiceProcess[]> {
  const start = async (_: unknown, i: number) =>
    stack.startService('inference', i === 0 ? {} : { OPS_PORT: String(await freePorts(1)) });
  return Promise.all(Array.from({ length: count }, start));
}

const pidsOf = (instances: readonly ServiceProcess[]): Readonly<Record<string, number>> =>
  Object.fromEntries(instances.map(({ pid }, i) => [i === 0 ? 'inference' : `inference${i + 1}`, pid]));

function usage(start: Readonly<Record<string, Usage>>, end: Readonly<Record<string, Usage>>, jobs: number) {
  const per10k = (name: string): number => (((end[name]?.cpuSeconds ?? 0) - (start[name]?.cpuSeconds ?? 0)) * 10_000) / jobs;
  const names = Object.keys(end);
  return {
    cpuPer10k: rounded(names.reduce((sum, name) => sum + per10k(name), 0)),
    cpuByProcess: Object.fromEntries(names.map((name) => [name, rounded(per10k(name))])),
    rssMb: Object.fromEntries(['api', 'inference'].map((name) => [name, Math.round(end[name]?.rssMb ?? 0)])),
  };
}

/** Sum of the sink's next offsets: rows committed so far, because offset and rows commit together. */
async function positions(client: pg.Client): Promise<{ requests: number; results: number }> {
  return { requests: await position(client, 'analysis.requests.%'), results: await position(client, 'analysis.results.%') };
}

async function position(client: pg.Client, topicLike: string): Promise<number> {
  const { rows } = await client.query(
    'SELECT coalesce(sum(next_offset), 0)::float8 AS total FROM api.sink_offset WHERE topic LIKE $1',
    [topicLike],
  );
  return rows[0].total;
}

async function reached(client: pg.Client, topicLike: string, target: number): Promise<void> {
  await waitFor(async () => (await position(client, topicLike)) >= target, {
    deadlineMs: 300_000,
    everyMs: 20,
    what: `${topicLike} at ${target}`,
  });
}

/** When the first job of the run was taken up: the smallest start the results tell. */
async function firstReadAt(client: pg.Client, run: string): Promise<number> {
  const { rows } = await client.query('SELECT min(started_at)::float8 AS first FROM api.analysis_runs WHERE job_id LIKE $1', [
    `${run}-%`,
  ]);
  return rows[0].first;
}

/** Failed jobs are no throughput. */
async function assertCompleted(client: pg.Client, run: string, jobs: number): Promise<void> {
  const { rows } = await client.query(
    "SELECT count(*)::int AS completed FROM api.analysis_runs WHERE job_id LIKE $1 AND status = 'completed'",
    [`${run}-%`],
  );
  if (rows[0].completed !== jobs) throw new Error(`${rows[0].completed} of ${jobs} jobs completed`);
}

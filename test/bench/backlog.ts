/**
 * `backlog`: half a million waiting routine jobs drain while each service's memory is watched; in the middle a stat job comes in over HTTP and is timed
 * from the request sent to the public GET that returns its result.
 */

import { waitFor } from '@clinstream/local';
import pg from 'pg';
import type { Bench } from './lib/bench.ts';
import { featuresOf, random } from './lib/cases.ts';
import { preload } from './lib/preload.ts';
import { usageOf } from './lib/process-usage.ts';
import { type BenchStack, startBenchStack } from './lib/stack.ts';
import { median, rounded } from './lib/stats.ts';

export const backlog: Bench = {
  about: 'drain of a long routine lane: memory, and a stat job in the middle of it (--jobs 500000)',
  run: async (options, say) => {
    const jobs = options['jobs'] ?? 500_000;
    const stack = await startBenchStack(say);
    try {
      return await drain(stack, jobs, say);
    } finally {
      await stack.stop();
    }
  },
};

async function drain(stack: BenchStack, jobs: number, say: (line: string) => void) {
  say(`putting ${jobs} jobs on the routine lane`);
  await preload(stack, { run: 'backlog', jobs, evidence: false });
  const ingest = await stack.startService('ingest');
  const api = await stack.startService('api');
  const inference = await stack.startService('inference');
  const startedAt = performance.now();
  const peaks: Record<string, number> = { ingest: 0, api: 0, inference: 0 };
  const pids = { ingest: ingest.pid, api: api.pid, inference: inference.pid };
  const watch = setInterval(() => {
    for (const [name, pid] of Object.entries(pids)) peaks[name] = Math.max(peaks[name] ?? 0, usageOf(pid).rssMb);
  }, 250);
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  const stat: number[] = [];
  for (const share of [0.25, 0.5, 0.75]) {
    await ended(client, jobs * share);
    stat.push(await statJob(stack));
    say(`${Math.round(share * 100)} % drained, a stat job took ${rounded(stat.at(-1) ?? 0, 0)} ms`);
  }
  await ended(client, jobs + stat.length);
  clearInterval(watch);
  await client.end();
  const seconds = (performance.now() - startedAt) / 1000;
  const figures = {
    jobs,
    drained_per_s: Math.round(jobs / seconds),
    rss_mb_max: Math.round(Math.max(...Object.values(peaks))),
    ...Object.fromEntries(Object.entries(peaks).map(([name, mb]) => [`rss_mb_${name}`, Math.round(mb)])),
    stat_visible_ms: Math.round(median(stat)),
    stat_visible_ms_max: Math.round(Math.max(...stat)),
  };
  say(
    `drained ${jobs} jobs in ${rounded(seconds, 1)} s; largest service ${figures.rss_mb_max} MB (aim 400); stat job ${figures.stat_visible_ms} ms (aim 1000)`,
  );
  return figures;
}

async function ended(client: pg.Client, count: number): Promise<void> {
  const reached = async (): Promise<boolean> => {
    const { rows } = await client.query(
      "SELECT coalesce(sum(next_offset), 0)::float8 AS n FROM api.sink_offset WHERE topic LIKE 'analysis.results.%'",
    );
    return rows[0].n >= count;
  };
  await waitFor(reached, { deadlineMs: 600_000, everyMs: 20, what: `${count} results` });
}

async function statJob(stack: BenchStack): Promise<number> {
  const headers = { authorization: `Bearer ${await stack.token()}`, 'content-type': 'application/json' };
  const features = featuresOf(stack.manifest, random(Date.now()));
  const inputs = Object.fromEntries(stack.manifest.inputs.map((input, i) => [input.name, features[i]]));
  const patient = { facility: 'BENCH', authority: 'MRN', id: 'stat' };
  const body = JSON.stringify({ patient, model: stack.manifest.name, inputs, priority: 'stat' });
  const sentAt = performance.now();
  const accepted = await fetch(`http://127.0.0.1:${stack.ports.ingestHttp}/v1/analyses`, { method: 'POST', headers, body });
  await accepted.arrayBuffer();
  const location = accepted.headers.get('location');
  if (location === null) throw new Error(`the stat job was not accepted: ${accepted.status}`);
  const answer = await fetch(`${location}&wait=30`, { headers });
  const shown = (await answer.json()) as { status?: string };
  if (shown.status !== 'completed') throw new Error(`the stat job is ${shown.status}`);
  return performance.now() - sentAt;
}

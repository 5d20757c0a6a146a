/**
 * `sink`: rows per second of the real sink (reducer, fence, counts, offsets, notice and all) against the same rows put in by bare
 * `INSERT … SELECT unnest … ON CONFLICT`, and against the server filling such tables from `generate_series` without any client.
 * A job is two rows. Bare tables are copies of the sink's with all their indexes; a transaction has the same number of jobs.
 */
import { createSecret } from '@clinstream/runtime/config';
import { createPostgres } from '@clinstream/runtime/postgres';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import pg from 'pg';
import { createSink } from '../../services/api/src/sink/sink.ts';
import { insertBare, insertGenerated, readRows } from './lib/bare-insert.ts';
import type { Bench, Figures } from './lib/bench.ts';
import { sinkBatches, wholeLog } from './lib/sink-records.ts';
import { startBenchStack } from './lib/stack.ts';
import { median, rounded } from './lib/stats.ts';

/** Records of one flush: what the service is set to. */
const batchRecords = 4_000;

export const sink: Bench = {
  about: 'rows/s of the real sink against bare INSERT … SELECT unnest and generate_series (--jobs 50000 --rounds 3)',
  run: async ({ jobs = 50_000, rounds = 3 }, say) => {
    const stack = await startBenchStack(say);
    try {
      return await compare(stack.databaseUrl, jobs, rounds, say);
    } finally {
      await stack.stop();
    }
  },
};

async function compare(databaseUrl: string, jobs: number, rounds: number, say: (line: string) => void): Promise<Figures> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const rates = { sink: [] as number[], bare: [] as number[], generated: [] as number[] };
  for (let round = 1; round <= rounds; round++) {
    rates.sink.push(await applyAll(databaseUrl, client, jobs));
    const rows = await readRows(client);
    rates.bare.push(await insertBare(client, rows, batchRecords / 2));
    rates.generated.push(await insertGenerated(client, jobs, batchRecords / 2));
    const last = Object.entries(rates).map(([name, list]) => `${name} ${Math.round(list.at(-1) ?? 0)}`);
    say(`round ${round}, rows/s: ${last.join(' · ')}`);
  }
  await client.end();
  const [ours, bare, generated] = [median(rates.sink), median(rates.bare), median(rates.generated)];
  const figures = {
    jobs,
    sink_per_s: Math.round(ours),
    bare_per_s: Math.round(bare),
    generated_per_s: Math.round(generated),
    ratio: rounded(ours / bare),
    ratio_generated: rounded(ours / generated),
  };
  say(`sink / bare insert = ${figures.ratio} (aim 0.7) · sink / generate_series = ${figures.ratio_generated}`);
  return figures;
}

async function applyAll(databaseUrl: string, client: pg.Client, jobs: number): Promise<number> {
  await client.query('TRUNCATE api.sink_offset, api.analyses, api.analysis_runs, api.queue_depth');
  const telemetry = createSilentTelemetry();
  const limits = { poolSize: 4, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000 };
  const postgres = createPostgres({ url: createSecret(databaseUrl), ...limits }, telemetry);
  await postgres.start();
  const real = createSink(postgres, telemetry, { rememberedJobs: 40_000, appliedEventsDays: 0 });
  await real.startAt('bench', wholeLog);
  const batches = sinkBatches(jobs, batchRecords);
  const start = performance.now();
  for (const { records, progress } of batches) await real.apply(records, progress);
  const seconds = (performance.now() - start) / 1000;
  await postgres.stop(AbortSignal.timeout(10_000));
  return (jobs * 2) / seconds;
}

/**
 * `pipeline`: jobs per second of the whole path (inference service and sink in their real processes: Avro, order per key, exactness, metrics)
 * against the bare loop, in one run, both on a preloaded lane: from the first record read to the last result row committed.
 * Each round runs bare (at its best batch size), full, and full with evidence; the medians of the rounds are compared.
 */

import { type BareRun, runBareLoop } from './lib/bare.ts';
import type { Bench, Figures } from './lib/bench.ts';
import { type FullRun, runFullPipeline } from './lib/full.ts';
import { type BenchStack, startBenchStack } from './lib/stack.ts';
import { median, rounded } from './lib/stats.ts';

const batchSizes = [500, 2000, 5000] as const;

export const pipeline: Bench = {
  about: 'full pipeline against the bare loop, jobs/s (--jobs 100000 --rounds 3)',
  run: async (options, say) => {
    const jobs = options['jobs'] ?? 100_000;
    const rounds = options['rounds'] ?? 3;
    const stack = await startBenchStack(say);
    try {
      return await compare(stack, jobs, rounds, say);
    } finally {
      await stack.stop();
    }
  },
};

async function compare(stack: BenchStack, jobs: number, rounds: number, say: (line: string) => void): Promise<Figures> {
  const batch = await bestBatchSize(stack, jobs, say);
  const bare: BareRun[] = [];
  const full: FullRun[] = [];
  const explained: FullRun[] = [];
  for (let round = 1; round <= rounds; round++) {
    bare.push(await runBareLoop(stack, { jobs, batch }));
    full.push(await runFullPipeline(stack, { jobs, evidence: false }));
    explained.push(await runFullPipeline(stack, { jobs, evidence: true }));
    say(
      `round ${round}: bare ${perSecond(bare.at(-1))} jobs/s · full ${perSecond(full.at(-1))} · with evidence ${perSecond(explained.at(-1))} · ` +
        `full CPU ${full.at(-1)?.cpuPer10k} s per 10 k jobs ${JSON.stringify(full.at(-1)?.cpuByProcess)}`,
    );
  }
  const figures = summary(bare, full, explained, batch, jobs);
  say(`full / bare = ${figures['ratio']} (aim 0.75) · with evidence / bare = ${figures['evidence_ratio']} (aim 0.35)`);
  return figures;
}

async function bestBatchSize(stack: BenchStack, jobs: number, say: (line: string) => void): Promise<number> {
  let best = { batch: 0, perSecond: 0 };
  for (const batch of batchSizes) {
    const run = await runBareLoop(stack, { jobs, batch });
    say(`bare loop, batches of ${batch}: ${perSecond(run)} jobs/s`);
    if (run.perSecond > best.perSecond) best = { batch, perSecond: run.perSecond };
  }
  return best.batch;
}

function summary(
  bare: readonly BareRun[],
  full: readonly FullRun[],
  explained: readonly FullRun[],
  batch: number,
  jobs: number,
): Figures {
  const barePerS = median(bare.map((run) => run.perSecond));
  const fullPerS = median(full.map((run) => run.perSecond));
  const explainedPerS = median(explained.map((run) => run.perSecond));
  return {
    jobs,
    bare_batch: batch,
    bare_per_s: Math.round(barePerS),
    full_per_s: Math.round(fullPerS),
    evidence_per_s: Math.round(explainedPerS),
    ratio: rounded(fullPerS / barePerS),
    evidence_ratio: rounded(explainedPerS / barePerS),
    cpu_s_per_10k: rounded(median(full.map((run) => run.cpuPer10k))),
    rss_mb_max: Math.max(...[...full, ...explained].flatMap((run) => Object.values(run.rssMb))),
  };
}

const perSecond = (run: { perSecond: number } | undefined): number => Math.round(run?.perSecond ?? 0);

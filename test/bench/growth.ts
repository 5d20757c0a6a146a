/**
 * `growth`: how the pipeline behaves when something grows: the backlog, the number of patients, one patient with half of all jobs, inference instances,
 * the size of a record, the result table. Reported once, no bar. Sizes are small unless asked for: --jobs (largest backlog), --keys, --instances,
 * --kb (largest record), --rows (largest table). Each series is a table and a chart.
 */
import { type Bench, type BenchPage, type Figures, markdownTable } from './lib/bench.ts';
import { drawLines } from './lib/chart.ts';
import { type FullOptions, runFullPipeline } from './lib/full.ts';
import { fillTables, listMilliseconds } from './lib/result-table.ts';
import { type BenchStack, startBenchStack } from './lib/stack.ts';

type Say = (line: string) => void;
/** What grows, the values it takes, and the run of one value. */
type Series = {
  readonly name: string;
  readonly values: readonly number[];
  readonly run: (value: number) => Promise<Readonly<Record<string, number>>>;
};

const titles: Readonly<Record<string, string>> = {
  backlog: 'jobs waiting',
  keys: 'patients',
  hot: 'share of one patient, %',
  instances: 'inference instances',
  record_kb: 'record, kB',
  table_rows: 'jobs in the result table',
};

export const growth: Bench = {
  about:
    'what grows and what it does to the rate; reported, no bar (--jobs 20000 --keys 10000 --instances 4 --kb 10 --rows 100000)',
  run: async ({ jobs = 20_000, keys = 10_000, instances = 4, kb = 10, rows = 100_000 }, say) => {
    const stack = await startBenchStack(say);
    const each = Math.min(jobs, 50_000);
    const rate = (options: Partial<FullOptions>) => perSecond(stack, { jobs: each, evidence: false, ...options });
    const series: readonly Series[] = [
      { name: 'backlog', values: decades(Math.min(jobs, 10_000), jobs), run: (value) => rate({ jobs: value }) },
      { name: 'keys', values: decades(10, keys), run: (value) => rate({ keys: value }) },
      { name: 'hot', values: [0, 50], run: (value) => rate({ isHalfHot: value > 0 }) },
      {
        name: 'instances',
        values: Array.from({ length: instances }, (_, i) => i + 1),
        run: (value) => rate({ instances: value }),
      },
      // Fewer of the larger: what counts is the time they take, and Kafka's disk is finite.
      {
        name: 'record_kb',
        values: decades(1, kb),
        run: (value) => rate({ padBytes: value * 1_000, jobs: Math.max(200, Math.round(each / value)) }),
      },
      {
        name: 'table_rows',
        values: [0, ...decades(Math.min(rows, 10_000), rows)],
        run: (value) => atTableSize(stack, value, each),
      },
    ];
    try {
      return await runAll(series, say);
    } finally {
      await stack.stop();
    }
  },
  document,
};

async function runAll(series: readonly Series[], say: Say): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const { name, values, run } of series) {
    for (const value of values) {
      const found = await run(value);
      for (const [what, amount] of Object.entries(found)) figures[`${name}_${value}_${what}`] = amount;
      say(`${titles[name]} ${value}: ${JSON.stringify(found)}`);
    }
  }
  return figures;
}

async function perSecond(stack: BenchStack, options: FullOptions): Promise<Readonly<Record<string, number>>> {
  const run = await runFullPipeline(stack, options);
  return { per_s: Math.round(run.perSecond), rss_mb: Math.max(...Object.values(run.rssMb)) };
}

/** Tables only grow: values come in rising order. */
async function atTableSize(stack: BenchStack, rows: number, jobs: number): Promise<Readonly<Record<string, number>>> {
  await fillTables(stack, rows);
  const { per_s = 0 } = await perSecond(stack, { jobs, evidence: false });
  return { per_s, list_p50_ms: await listMilliseconds(stack) };
}

/** 10, 100, 1,000 … up to and with `last`. */
function decades(first: number, last: number): readonly number[] {
  const values = [];
  for (let value = first; value < last; value *= 10) values.push(value);
  return [...values, last];
}

async function document(figures: Figures): Promise<BenchPage> {
  const parts: string[] = [];
  const pictures: Record<string, string> = {};
  for (const [name, title] of Object.entries(titles)) {
    const points = pointsOf(figures, name);
    if (points.length === 0) continue;
    const kinds = [...new Set(points.flatMap((point) => Object.keys(point.amounts)))];
    const file = `growth-${name}.svg`;
    pictures[file] = await drawLines({ title, points, lines: kinds.filter((kind) => kind !== 'rss_mb') });
    const rows = points.map(({ value, amounts }) => [value, ...kinds.map((kind) => amounts[kind] ?? 0)]);
    parts.push(
      `### ${title}\n\n${markdownTable([title, ...kinds.map((kind) => labels[kind] ?? kind)], rows)}\n\n![${title}](benchmarks/${file})`,
    );
  }
  return { markdown: parts.join('\n\n'), pictures };
}

const labels: Readonly<Record<string, string>> = { per_s: 'jobs/s', rss_mb: 'largest service, MB', list_p50_ms: 'list, p50 ms' };

export type Point = { readonly value: number; readonly amounts: Readonly<Record<string, number>> };

function pointsOf(figures: Figures, name: string): readonly Point[] {
  const found = new Map<number, Record<string, number>>();
  for (const [key, amount] of Object.entries(figures)) {
    const match = new RegExp(`^${name}_(\\d+)_(.+)$`).exec(key);
    if (match === null || typeof amount !== 'number') continue;
    const value = Number(match[1]);
    found.set(value, { ...found.get(value), [match[2] ?? '']: amount });
  }
  return [...found].map(([value, amounts]) => ({ value, amounts }));
}

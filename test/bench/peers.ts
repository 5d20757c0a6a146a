/**
 * `peers`: the same 30-feature ONNX job, from a durable queue to a row committed in Postgres, by what one would use instead. All on one box in one
 * run, round by round in turn, each set up as its own documentation advises for throughput (`peers/`), all on the same Postgres.
 * A slow system drains fewer jobs: its rate does not depend on the number, and the bench should end today.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runBareLoop } from './lib/bare.ts';
import { type Bench, type BenchPage, type Figures, markdownTable } from './lib/bench.ts';
import type { Drain } from './lib/drain.ts';
import { feedBare, feedClinstream } from './lib/feed.ts';
import { runFullPipeline } from './lib/full.ts';
import { ensureNodePackages, ensurePythonPackages, peerVersions } from './lib/on-demand.ts';
import { drainPeer, feedPeer, type PeerBox, type PeerPrograms } from './lib/peer.ts';
import { startRedis } from './lib/redis.ts';
import { startBenchStack } from './lib/stack.ts';
import { median, percentile, rounded } from './lib/stats.ts';

type System = {
  readonly name: string;
  /** Of the jobs asked for. */
  readonly share: number;
  readonly promises: Readonly<Record<'order_per_key' | 'one_row' | 'survives_kill_9', string>>;
  drain(jobs: number): Promise<Drain>;
  feed(rate: number, seconds: number): Promise<readonly number[]>;
};
type Say = (line: string) => void;

const here = fileURLToPath(new URL('peers', import.meta.url));

export const peers: Bench = {
  about:
    'the same job by Celery, BullMQ, graphile-worker, pg-boss and the bare loop (--jobs 50000 --rounds 3 --rate 200 --seconds 10)',
  run: async (options, say) => {
    const python = ensurePythonPackages(say);
    const modules = ensureNodePackages(say);
    const redis = await startRedis();
    const stack = await startBenchStack(say);
    try {
      const systems = systemsOf({ stack, redis, modules }, python);
      const { jobs = 50_000, rounds = 3, rate = 200, seconds = 10 } = options;
      const drains = await drainAll(systems, jobs, rounds, say);
      const fed = await feedAll(systems, rate, seconds, say);
      return { ...summary(systems, drains, fed, say), versions: peerVersions(redis.version) };
    } finally {
      await stack.stop();
      await redis.stop();
    }
  },
  document,
};

const names = ['celery', 'bullmq', 'graphile_worker', 'pg_boss', 'bare', 'clinstream'] as const;

function document(figures: Figures): BenchPage {
  const row = (name: string, ...keys: readonly string[]) => [name, ...keys.map((key) => figures[`${name}_${key}`] ?? '')];
  const speeds = names.map((name) => row(name, 'per_s', 'cpu_s_per_10k', 'rss_mb', 'p50_ms', 'p99_ms'));
  const promises = names.map((name) => row(name, 'order_per_key', 'one_row', 'survives_kill_9'));
  const ratios = `Clinstream is ${figures['vs_best_peer']} × the best peer (${figures['best_peer']}), ${figures['vs_celery']} × Celery and ${figures['vs_bare']} × the bare loop. ${figures['versions']}.`;
  return {
    markdown: [
      markdownTable(['', 'jobs/s', 'CPU s per 10 k jobs', 'workers, MB', 'p50 ms', 'p99 ms'], speeds),
      ratios,
      markdownTable(['', 'order per key', 'one row', 'survives kill -9'], promises),
    ].join('\n\n'),
  };
}

const oneRow = 'yes, by the key of the row; the job itself may run twice';

function systemsOf(box: PeerBox, python: string): readonly System[] {
  const node = (file: string, processes: number): PeerPrograms => {
    const program = { command: process.execPath, args: [join(here, file)] };
    return { send: program, work: program, processes };
  };
  const worker = ['-A', 'celery_app', 'worker', '--concurrency', '2', '--loglevel', 'ERROR'];
  const celery: PeerPrograms = {
    send: { command: join(python, 'python'), args: ['celery_send.py'], cwd: here },
    work: {
      command: join(python, 'celery'),
      args: [...worker, '--without-gossip', '--without-mingle', '--without-heartbeat'],
      cwd: here,
    },
    processes: 1,
  };
  const inRedis = 'yes; a power cut loses up to a second';
  const peer = (name: string, programs: PeerPrograms, share: number, order: string, survives: string): System => ({
    name,
    share,
    promises: { order_per_key: order, one_row: oneRow, survives_kill_9: survives },
    drain: (jobs) => drainPeer(box, programs, jobs),
    feed: (rate, seconds) => feedPeer(box, programs, rate, seconds),
  });
  return [
    peer('celery', celery, 0.1, 'no', `${inRedis}; an unacknowledged job comes again after an hour`),
    peer('bullmq', node('bullmq.ts', 2), 0.4, 'no (in its paid edition)', `${inRedis}; a stalled job comes again after 30 s`),
    peer(
      'graphile_worker',
      node('graphile-worker.ts', 2),
      0.4,
      'no, set up like this; with a queue name per key',
      'yes; the jobs of a killed worker come again after four hours',
    ),
    peer(
      'pg_boss',
      node('pg-boss.ts', 2),
      1,
      'no, set up like this; with the policy key_strict_fifo',
      'yes; the jobs of a killed worker come again after 15 minutes',
    ),
    bareLoop(box),
    clinstream(box),
  ];
}

const bareLoop = ({ stack }: PeerBox): System => ({
  name: 'bare',
  share: 1,
  promises: { order_per_key: 'no', one_row: 'yes, by the key of the row', survives_kill_9: 'no: it commits on its way' },
  drain: (jobs) => runBareLoop(stack, { jobs, batch: 2_000 }),
  feed: (rate, seconds) => feedBare(stack, { rate, seconds }),
});

const clinstream = ({ stack }: PeerBox): System => ({
  name: 'clinstream',
  share: 1,
  promises: {
    order_per_key: 'yes',
    one_row: 'yes, and replayed or late events change nothing',
    survives_kill_9: 'yes; another instance goes on within 10 s',
  },
  drain: async (jobs) => {
    const { rssMb, ...run } = await runFullPipeline(stack, { jobs, evidence: false });
    return { ...run, rssMb: Object.values(rssMb).reduce((sum, mb) => sum + mb, 0) };
  },
  feed: (rate, seconds) => feedClinstream(stack, { rate, seconds }),
});

async function drainAll(
  systems: readonly System[],
  jobs: number,
  rounds: number,
  say: Say,
): Promise<ReadonlyMap<string, Drain[]>> {
  const drains = new Map<string, Drain[]>(systems.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const { name, share, drain } of systems) {
      const one = await drain(Math.max(200, Math.round(jobs * share)));
      drains.get(name)?.push(one);
      say(
        `round ${round}: ${name} ${Math.round(one.perSecond)} jobs/s · ${rounded(one.cpuPer10k)} s CPU per 10 k · ${one.rssMb} MB`,
      );
    }
  }
  return drains;
}

async function feedAll(systems: readonly System[], rate: number, seconds: number, say: Say) {
  const fed = new Map<string, readonly number[]>();
  for (const { name, feed } of systems) {
    const times = await feed(rate, seconds);
    fed.set(name, times);
    say(
      `${name} at ${rate}/s: p50 ${percentile(times, 50)} ms, p99 ${percentile(times, 99)} ms (${times.length} of ${rate * seconds} seen)`,
    );
  }
  return fed;
}

function summary(
  systems: readonly System[],
  drains: ReadonlyMap<string, readonly Drain[]>,
  fed: ReadonlyMap<string, readonly number[]>,
  say: Say,
): Figures {
  const mid = (name: string, of: (drain: Drain) => number): number => median((drains.get(name) ?? []).map(of));
  const speed = (name: string): number => mid(name, (drain) => drain.perSecond);
  const ours = speed('clinstream');
  const best = systems
    .filter(({ name }) => name !== 'clinstream' && name !== 'bare')
    .sort((a, b) => speed(b.name) - speed(a.name))[0];
  const each = systems.flatMap(({ name, promises }): [string, number | string][] => [
    [`${name}_per_s`, Math.round(speed(name))],
    [`${name}_cpu_s_per_10k`, rounded(mid(name, (drain) => drain.cpuPer10k))],
    [`${name}_rss_mb`, Math.round(mid(name, (drain) => drain.rssMb))],
    [`${name}_p50_ms`, rounded(percentile(fed.get(name) ?? [], 50), 0)],
    [`${name}_p99_ms`, rounded(percentile(fed.get(name) ?? [], 99), 0)],
    ...Object.entries(promises).map(([what, text]): [string, string] => [`${name}_${what}`, text]),
  ]);
  const figures: Figures = {
    vs_best_peer: rounded(ours / speed(best?.name ?? '')),
    best_peer: best?.name ?? 'none',
    vs_celery: rounded(ours / speed('celery')),
    vs_bare: rounded(ours / speed('bare')),
    ...Object.fromEntries(each),
  };
  say(
    `Clinstream is ${figures['vs_best_peer']} × ${figures['best_peer']} (aim 3), ${figures['vs_celery']} × Celery (aim 25), ${figures['vs_bare']} × bare (aim 0.8)`,
  );
  return figures;
}

/**
 * Runs one peer: its own database on the stack's Postgres, its queue, its worker processes; either draining a filled queue or fed at a steady rate.
 * The drain is measured by the rows themselves: from the first `taken_at` to the last `written_at`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { diesWithParent, waitFor } from '@clinstream/local';
import pg from 'pg';
import { featuresOf, jobIdOf, patientOf, random } from './cases.ts';
import { cpuOf, type Drain } from './drain.ts';
import { usageOf } from './process-usage.ts';
import { ended, type Redis } from './redis.ts';
import type { BenchStack } from './stack.ts';
import { watchVisible } from './visible.ts';

export type Program = { readonly command: string; readonly args: readonly string[]; readonly cwd?: string };
export type PeerPrograms = {
  /** Fills the queue or sends, by MODE. */
  readonly send: Program;
  readonly work: Program;
  /** Worker processes, where the program does not start them itself. */
  readonly processes: number;
};
export type PeerBox = { readonly stack: BenchStack; readonly redis: Redis; readonly modules: string };

type Env = Readonly<Record<string, string>>;
const table = `CREATE TABLE peer_results (job_id text PRIMARY KEY, patient_key text, label text, probability float8,
  taken_at float8, written_at timestamptz DEFAULT clock_timestamp())`;
let rooms = 0;

export async function drainPeer(box: PeerBox, programs: PeerPrograms, jobs: number): Promise<Drain> {
  return inRoom(box, async ({ env, client, file }) => {
    await finished(start(programs.send, { ...env, MODE: 'fill', JOBS_FILE: file('drain', jobs) }));
    const servers = { postgres: box.stack.pids.postgres, redis: box.redis.pid };
    const before = cpuOf(servers);
    const workers = startWorkers(programs, env);
    try {
      await rowsReach(client, jobs);
      const pids = workers.map((worker) => worker.pid ?? -1);
      const after = cpuOf({ ...servers, ...Object.fromEntries(pids.map((pid, i) => [`worker${i}`, pid])) });
      const rssMb = Math.round(pids.reduce((sum, pid) => sum + usageOf(pid).rssMb, 0));
      const cpu = Object.entries(after).reduce((sum, [name, seconds]) => sum + seconds - (before[name] ?? 0), 0);
      return { perSecond: (jobs * 1000) / (await lengthOf(client)), cpuPer10k: (cpu * 10_000) / jobs, rssMb };
    } finally {
      for (const worker of workers) await ended(worker, 'SIGTERM');
    }
  });
}

/** Milliseconds from sent to visible of each job at `rate` a second. */
export async function feedPeer(box: PeerBox, programs: PeerPrograms, rate: number, seconds: number): Promise<readonly number[]> {
  return inRoom(box, async ({ env, file }) => {
    const workers = startWorkers(programs, env);
    const visible = await watchVisible(env['DATABASE_URL'] ?? '', 'peer_results');
    const feed = async (run: string, jobs: number): Promise<readonly number[]> => {
      const sender = start(programs.send, { ...env, MODE: 'send', RATE: String(rate), JOBS_FILE: file(run, jobs) });
      createInterface({ input: sender.stdout ?? process.stdin }).on('line', (line) => {
        const [id = '', at] = line.split(' ');
        visible.expect(id, Number(at));
      });
      await finished(sender);
      return visible.whenSeen(jobs, 10_000);
    };
    try {
      await feed('warm', rate);
      return await feed('steady', rate * seconds);
    } finally {
      await visible.close();
      for (const worker of workers) await ended(worker, 'SIGTERM');
    }
  });
}

type Room = { readonly env: Env; readonly client: pg.Client; file(run: string, jobs: number): string };

/** A database and a folder for one run, gone afterwards. */
async function inRoom<T>({ stack, redis, modules }: PeerBox, use: (room: Room) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'clinstream-peer-'));
  redis.clear();
  const database = `peer_${++rooms}`;
  const owner = new pg.Client({ connectionString: stack.databaseUrl });
  await owner.connect();
  await owner.query(`CREATE DATABASE ${database}`);
  const url = new URL(stack.databaseUrl);
  url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(table);
  const env = { DATABASE_URL: url.href, REDIS_PORT: String(redis.port), MODEL_FILE: stack.modelFile, BENCH_MODULES: modules };
  try {
    return await use({ env, client, file: (run, jobs) => jobsFile(stack, join(dir, `${run}.json`), run, jobs) });
  } finally {
    await client.end();
    await owner.query(`DROP DATABASE ${database} WITH (FORCE)`);
    await owner.end();
    rmSync(dir, { recursive: true, force: true });
  }
}

function jobsFile(stack: BenchStack, path: string, run: string, jobs: number): string {
  const next = random(7);
  const list = Array.from({ length: jobs }, (_, i) => ({
    jobId: jobIdOf(run, i),
    patientKey: patientOf(i, stack.keys),
    features: featuresOf(stack.manifest, next),
  }));
  writeFileSync(path, JSON.stringify(list));
  return path;
}

function start({ command, args, cwd }: Program, env: Env): ChildProcess {
  const line = diesWithParent(command, args);
  return spawn(line.command, line.args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Celery warns whoever runs it as root.
    env: { ...process.env, PYTHONWARNINGS: 'ignore', PYTHONDONTWRITEBYTECODE: '1', ...env },
    ...(cwd ? { cwd } : {}),
  });
}

function startWorkers(programs: PeerPrograms, env: Env): readonly ChildProcess[] {
  return Array.from({ length: programs.processes }, () => {
    const worker = start(programs.work, { ...env, MODE: 'work' });
    worker.stdout?.resume();
    return worker;
  });
}

async function finished(child: ChildProcess): Promise<void> {
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`a peer's program ended with ${code}`);
}

async function rowsReach(client: pg.Client, jobs: number): Promise<void> {
  const count = async () => Number((await client.query('SELECT count(*)::int AS n FROM peer_results')).rows[0].n);
  await waitFor(async () => (await count()) >= jobs, { deadlineMs: 600_000, everyMs: 100, what: `${jobs} rows of a peer` });
}

async function lengthOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    'SELECT (extract(epoch FROM max(written_at)) * 1000 - min(taken_at))::float8 AS ms FROM peer_results',
  );
  return rows[0].ms;
}

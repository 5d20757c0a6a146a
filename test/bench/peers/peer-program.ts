/**
 * What the program of every Node peer does, whatever its queue: `MODE=fill` puts a file of jobs on the queue as fast as it goes, `MODE=send` at
 * `RATE` a second (open loop; one line `id sentAt` for each), `MODE=work` takes jobs until it is stopped.
 * The job itself, `finish`, is the same for all: one model run over the jobs given, one INSERT of their rows.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import pg from 'pg';

export type Job = { readonly jobId: string; readonly patientKey: string; readonly features: readonly number[] };
export type Finish = (jobs: readonly Job[]) => Promise<void>;

export type PeerQueue = {
  addAll(jobs: readonly Job[]): Promise<void>;
  add(job: Job): Promise<void>;
  /** Resolves once it listens. */
  work(finish: Finish): Promise<void>;
};

export const env = {
  databaseUrl: process.env['DATABASE_URL'] ?? '',
  redisPort: Number(process.env['REDIS_PORT']),
  modelFile: process.env['MODEL_FILE'] ?? '',
  jobsFile: process.env['JOBS_FILE'] ?? '',
  rate: Number(process.env['RATE']),
};

/** A package of `.cache/bench`, which the main lock file knows nothing of; so it has no types here. */
export async function onDemand(name: string) {
  const require = createRequire(`${process.env['BENCH_MODULES']}/package.json`);
  return import(pathToFileURL(require.resolve(name)).href);
}

export async function runPeer(open: () => Promise<PeerQueue>): Promise<void> {
  const queue = await open();
  const mode = process.env['MODE'];
  if (mode === 'work') {
    await queue.work(await createFinish());
    return;
  }
  const jobs = JSON.parse(readFileSync(env.jobsFile, 'utf8')) as Job[];
  if (mode === 'fill') for (let from = 0; from < jobs.length; from += 1000) await queue.addAll(jobs.slice(from, from + 1000));
  else await sendSteadily(queue, jobs, env.rate);
  process.exit(0);
}

async function sendSteadily(queue: PeerQueue, jobs: readonly Job[], rate: number): Promise<void> {
  const start = performance.now();
  const running: Promise<void>[] = [];
  while (running.length < jobs.length) {
    const due = Math.min(jobs.length, Math.floor(((performance.now() - start) * rate) / 1000));
    for (const job of jobs.slice(running.length, due)) {
      console.log(`${job.jobId} ${Date.now()}`);
      running.push(queue.add(job));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
}

async function createFinish(): Promise<Finish> {
  const session = await InferenceSession.create(env.modelFile, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const input = session.inputNames[0] ?? '';
  const output = session.outputNames.find((name) => name.includes('prob')) ?? session.outputNames.at(-1) ?? '';
  const pool = new pg.Pool({ connectionString: env.databaseUrl, max: 10 });
  return async (jobs) => {
    const takenAt = Date.now();
    const width = jobs[0]?.features.length ?? 0;
    const values = new Float32Array(jobs.length * width);
    jobs.forEach((job, i) => {
      values.set(job.features, i * width);
    });
    const answer = await session.run({ [input]: new Tensor('float32', values, [jobs.length, width]) });
    const all = answer[output]?.data as Float32Array;
    const probabilities = jobs.map((_, i) => all[i * 2 + 1] ?? 0);
    await insertRows(pool, jobs, probabilities, takenAt);
  };
}

/** A single row goes in without the detour over arrays: that is how one writes it, and it is the faster of the two. */
async function insertRows(pool: pg.Pool, jobs: readonly Job[], probabilities: readonly number[], takenAt: number): Promise<void> {
  const labels = probabilities.map((probability) => (probability >= 0.5 ? 'malignant' : 'benign'));
  const columns = 'peer_results (job_id, patient_key, label, probability, taken_at)';
  if (jobs.length === 1) {
    await pool.query({
      name: 'one',
      text: `INSERT INTO ${columns} VALUES ($1, $2, $3, $4, $5) ON CONFLICT (job_id) DO NOTHING`,
      values: [jobs[0]?.jobId, jobs[0]?.patientKey, labels[0], probabilities[0], takenAt],
    });
    return;
  }
  await pool.query({
    name: 'many',
    text: `INSERT INTO ${columns} SELECT *, $5::float8 FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[])
           ON CONFLICT (job_id) DO NOTHING`,
    values: [jobs.map((job) => job.jobId), jobs.map((job) => job.patientKey), labels, probabilities, takenAt],
  });
}

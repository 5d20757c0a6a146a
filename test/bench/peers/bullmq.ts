/**
 * BullMQ as its guide says for throughput: `addBulk`, one worker process per core, concurrency 50 each (the work waits for the database),
 * jobs removed when done. Batches are for its paid edition only, so every job is a model run and an INSERT of its own.
 */
import { env, type Job, onDemand, runPeer } from './peer-program.ts';

const { Queue, Worker } = await onDemand('bullmq');
const connection = { host: '127.0.0.1', port: env.redisPort, maxRetriesPerRequest: null };
const options = { removeOnComplete: true, removeOnFail: true, attempts: 3 };

let opened: {
  addBulk(jobs: readonly object[]): Promise<unknown>;
  add(name: string, job: Job, options: object): Promise<unknown>;
};
const queue = () => (opened ??= new Queue('jobs', { connection }));

await runPeer(async () => ({
  addAll: async (jobs) => {
    await queue().addBulk(jobs.map((data) => ({ name: 'predict', data, opts: options })));
  },
  add: async (job) => {
    await queue().add('predict', job, options);
  },
  work: async (finish) => {
    const worker = new Worker('jobs', (job: { data: Job }) => finish([job.data]), { connection, concurrency: 50 });
    await worker.waitUntilReady();
  },
}));

/**
 * pg-boss as its documentation says for throughput: `insert` of many, `work` with a large `batchSize`, `burstWhenBatchFull` so that it fetches
 * without a pause while there is a backlog, and LISTEN/NOTIFY instead of polling when there is none. A batch is one model run and one INSERT.
 */
import { env, type Job, onDemand, runPeer } from './peer-program.ts';

const { PgBoss } = await onDemand('pg-boss');
const batchSize = 1_000;

await runPeer(async () => {
  const boss = new PgBoss({ connectionString: env.databaseUrl, max: 10, useListenNotify: true });
  boss.on('error', (error: Error) => console.error(error.message));
  await boss.start();
  if ((await boss.getQueue('jobs')) === null) await boss.createQueue('jobs', { notify: true });
  return {
    addAll: async (jobs) => {
      await boss.insert(
        'jobs',
        jobs.map((data) => ({ data })),
      );
    },
    add: async (job) => {
      await boss.send('jobs', job);
    },
    work: async (finish) => {
      await boss.work(
        'jobs',
        { batchSize, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
        (batch: readonly { data: Job }[]) => finish(batch.map((job) => job.data)),
      );
    },
  };
});

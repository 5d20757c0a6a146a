/**
 * graphile-worker as its page on performance says: a local queue of 500 jobs, 24 jobs at once, completions written in batches
 * (`completeJobBatchDelay: 0`), jobs added many at a time. Its tasks are single jobs, so every job is a model run and an INSERT of its own.
 */
import { env, type Job, onDemand, runPeer } from './peer-program.ts';

const { makeWorkerUtils, run, Logger } = await onDemand('graphile-worker');
const logger = new Logger(() => () => {});
const connectionString = env.databaseUrl;

await runPeer(async () => {
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  return {
    addAll: async (jobs) => {
      await utils.addJobs(jobs.map((payload) => ({ identifier: 'predict', payload })));
    },
    add: async (job) => {
      await utils.addJob('predict', job);
    },
    work: async (finish) => {
      await run({
        preset: {
          worker: {
            connectionString,
            concurrentJobs: 24,
            maxPoolSize: 25,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
            logger,
          },
        },
        taskList: { predict: (payload: Job) => finish([payload]) },
      });
    },
  };
});

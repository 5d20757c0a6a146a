import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FindDeps, findAnalysis } from './find-analysis.ts';
import type { ShownAnalysis } from './sql/read-shown.ts';

const position = { topic: 'analysis.requests.routine.v1', partition: 0, offset: 7 };
const jobIn = (status: string): ShownAnalysis => ({ state: { jobId: 'job', status } }) as unknown as ShownAnalysis;

/** A table that shows what is in `looks`, one after the other, to whoever looks. */
function tableOf(looks: readonly (ShownAnalysis | null)[], nextOffset: number): FindDeps {
  let at = 0;
  const look = async () => looks[Math.min(at++, looks.length - 1)] ?? null;
  return {
    readPosition: async () => nextOffset,
    isComing: () => false,
    watch: {
      look,
      follow: async (_jobId, { signal }, onJob) => {
        while (!signal.aborted && !onJob(await look())) await new Promise((resolve) => setImmediate(resolve));
      },
      notice: () => {},
      waiting: () => 0,
      stop: () => {},
    },
  };
}

const find = (deps: FindDeps, waitMs: number) =>
  findAnalysis(deps, 'job', { position, waitMs, signal: new AbortController().signal });

test('a job written between the look and the position is waited for like any other', async () => {
  const found = await find(tableOf([null, jobIn('queued'), jobIn('completed')], 8), 1_000);
  assert.equal(found !== null && found !== 'pending' && found.state.status, 'completed');
});

test('a look at a job that is still to be applied may wait for a notice, any other is made at once', async () => {
  const firstLooks: (number | undefined)[] = [];
  const deps = tableOf([jobIn('completed')], 8);
  const follow: FindDeps['watch']['follow'] = async (jobId, options, onJob) => {
    firstLooks.push(options.firstLookMs);
    await deps.watch.follow(jobId, options, onJob);
  };
  for (const isComing of [true, false])
    await find({ ...deps, watch: { ...deps.watch, follow }, isComing: () => isComing }, 1_000);
  assert.deepEqual(firstLooks, [200, 0]);
});

test('without a wait such a job is shown as it stands', async () => {
  const found = await find(tableOf([null, jobIn('queued')], 8), 0);
  assert.equal(found !== null && found !== 'pending' && found.state.status, 'queued');
});

test('absent is pending before its position was read, and unknown after', async () => {
  assert.equal(await find(tableOf([null], 7), 0), 'pending');
  assert.equal(await find(tableOf([null], 8), 0), null);
  assert.equal(await find(tableOf([null], 8), 1_000), null);
});

test('a review that was read between the look at the job and the look at its position is shown', async () => {
  const versions = [2, 3].map(
    (version) => ({ state: { jobId: 'job', status: 'completed', version } }) as unknown as ShownAnalysis,
  );
  const found = await findAnalysis(tableOf(versions, 8), 'job', {
    position: { ...position, topic: 'analysis.reviews.v1' },
    waitMs: 1_000,
    signal: new AbortController().signal,
  });
  assert.equal(found !== null && found !== 'pending' && found.state.version, 3);
});

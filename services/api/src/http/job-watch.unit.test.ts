import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatNotice } from '../domain/notice.ts';
import { createJobWatch } from './job-watch.ts';

type Job = { readonly step: number };

/** A table of jobs whose reads can be held back, counted and made to fail. */
function table() {
  const jobs = new Map<string, Job>();
  const reads: (readonly string[])[] = [];
  const faults: Error[] = [];
  let gate: Promise<void> = Promise.resolve();
  return {
    jobs,
    reads,
    faults,
    hold() {
      const held = Promise.withResolvers<void>();
      gate = held.promise;
      return held.resolve;
    },
    async read(jobIds: readonly string[]): Promise<ReadonlyMap<string, Job>> {
      reads.push([...jobIds]);
      await gate;
      const fault = faults.shift();
      if (fault) throw fault;
      return new Map(jobs);
    },
  };
}

const turns = async (count = 10): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};
const neverPolls = 1_000_000;

/** A watch over a table of its own. */
function watchedTable(pollMs = neverPolls) {
  const rows = table();
  return { rows, watch: createJobWatch<Job>({ read: rows.read, pollMs }) };
}

const untilStep =
  (step: number, seen: (number | null)[] = []) =>
  (job: Job | null): boolean => {
    seen.push(job?.step ?? null);
    return (job?.step ?? 0) >= step;
  };

test('what is asked for together, or while a look-up is under way, is looked up together', async () => {
  const { rows, watch } = watchedTable();
  rows.jobs.set('a', { step: 1 });
  const open = rows.hold();
  const first = ['a', 'b', 'a'].map((jobId) => watch.look(jobId));
  await turns();
  const second = ['c', 'd'].map((jobId) => watch.look(jobId));
  open();
  assert.deepEqual(await Promise.all([...first, ...second]), [{ step: 1 }, null, { step: 1 }, null, null]);
  assert.deepEqual(rows.reads, [
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

test('a follower sees the job as it is, then each change it was told of, until it has enough', async () => {
  const { rows, watch } = watchedTable();
  const seen: (number | null)[] = [];
  const following = watch.follow('a', { endOnly: false, signal: new AbortController().signal }, untilStep(2, seen));
  await turns();
  for (const step of [1, 2]) {
    rows.jobs.set('a', { step });
    watch.notice(formatNotice({ ended: [], moved: ['a', 'x'] }));
    await turns();
  }
  await following;
  assert.deepEqual(seen, [null, 1, 2]);
  assert.equal(watch.waiting(), 0);
  assert.ok(rows.reads.every((jobIds) => !jobIds.includes('x')));
  watch.stop();
});

test('who waits for the end is not woken by progress, but by an end and by a notice that names nobody', async () => {
  const { rows, watch } = watchedTable();
  rows.jobs.set('a', { step: 1 });
  const following = watch.follow('a', { endOnly: true, signal: new AbortController().signal }, untilStep(3));
  await turns();
  watch.notice(formatNotice({ ended: [], moved: ['a'] }));
  await turns();
  assert.equal(rows.reads.length, 1);
  watch.notice(null);
  await turns();
  assert.equal(rows.reads.length, 2);
  rows.jobs.set('a', { step: 3 });
  watch.notice(formatNotice({ ended: ['a'], moved: [] }));
  await following;
  watch.stop();
});

test('a lost notice is made up for by the poll', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { rows, watch } = watchedTable(1_000);
  const following = watch.follow('a', { endOnly: true, signal: new AbortController().signal }, untilStep(1));
  await turns();
  rows.jobs.set('a', { step: 1 });
  t.mock.timers.tick(1_000);
  await following;
  watch.stop();
});

test('a look-up that fails rejects who asked; who waits sees the next one', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { rows, watch } = watchedTable(1_000);
  const following = watch.follow('a', { endOnly: true, signal: new AbortController().signal }, untilStep(1));
  await turns();
  rows.jobs.set('a', { step: 1 });
  for (let i = 0; i < 3; i++) {
    rows.faults.push(new Error('away'));
    t.mock.timers.tick(1_000);
    await turns();
  }
  rows.faults.push(new Error('away'));
  await assert.rejects(watch.look('b'), /away/);
  t.mock.timers.tick(1_000);
  await following;
  watch.stop();
});

test('a first look that may wait is not made when a notice comes before it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { rows, watch } = watchedTable();
  const options = { endOnly: true, firstLookMs: 200, signal: new AbortController().signal };
  const following = watch.follow('a', options, untilStep(1));
  await turns();
  assert.equal(rows.reads.length, 0);
  rows.jobs.set('a', { step: 1 });
  watch.notice(formatNotice({ ended: ['a'], moved: [] }));
  await following;
  assert.equal(rows.reads.length, 1);
  watch.stop();
});

test('a first look that may wait is made late when no notice comes, and rejects as any first look does', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { rows, watch } = watchedTable();
  const options = { endOnly: true, firstLookMs: 200, signal: new AbortController().signal };
  const [missed, told] = [watch.follow('a', options, untilStep(1)), watch.follow('b', options, untilStep(1))];
  rows.jobs.set('a', { step: 1 });
  await turns();
  t.mock.timers.tick(200);
  await missed;
  rows.jobs.set('b', { step: 1 });
  watch.notice(formatNotice({ ended: ['b'], moved: [] }));
  await told;
  rows.faults.push(new Error('away'));
  const rejected = assert.rejects(watch.follow('c', options, untilStep(1)), /away/);
  await turns();
  t.mock.timers.tick(200);
  await rejected;
  watch.stop();
});

test('a signal ends the waiting, before and during', async () => {
  const { watch } = watchedTable();
  await watch.follow('a', { endOnly: true, signal: AbortSignal.abort() }, () => false);
  const stop = new AbortController();
  const following = watch.follow('a', { endOnly: true, signal: stop.signal }, () => false);
  await turns();
  stop.abort();
  await following;
  assert.equal(watch.waiting(), 0);
  watch.stop();
});

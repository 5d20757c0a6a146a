import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCoalescer } from './coalesce.ts';

const unavailable = (why: string): Error => new Error(why);

/** A store whose every call waits until the test lets it go. */
function gatedStore() {
  const calls: { items: readonly number[]; finish: (error?: Error) => void }[] = [];
  const run = (items: readonly number[]): Promise<readonly number[]> =>
    new Promise((resolve, reject) => {
      calls.push({ items, finish: (error) => (error ? reject(error) : resolve(items.map((item) => item * 10))) });
    });
  return { calls, run };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const defaults = { maxItems: 100, maxWaiting: 1000, timeoutMs: 60_000, unavailable };

test('an idle coalescer sends at once; what arrives meanwhile goes together in the next call', async () => {
  const { calls, run } = gatedStore();
  const submit = createCoalescer({ ...defaults, run });
  const first = submit([1]);
  assert.deepEqual(
    calls.map((call) => call.items),
    [[1]],
  );
  const second = submit([2, 3]);
  const third = submit([4]);
  assert.equal(calls.length, 1);
  calls[0]?.finish();
  assert.deepEqual(await first, [10]);
  await turn();
  assert.deepEqual(calls[1]?.items, [2, 3, 4]);
  calls[1]?.finish();
  assert.deepEqual([await second, await third], [[20, 30], [40]]);
});

test('a call takes no more than maxItems, but a larger group goes alone', async () => {
  const { calls, run } = gatedStore();
  const submit = createCoalescer({ ...defaults, run, maxItems: 3 });
  const all = [submit([1]), submit([2, 3]), submit([4, 5]), submit([6, 7, 8, 9])];
  for (let i = 0; i < 4; i++) {
    calls[i]?.finish();
    await turn();
  }
  assert.deepEqual(
    calls.map((call) => call.items),
    [[1], [2, 3], [4, 5], [6, 7, 8, 9]],
  );
  assert.deepEqual(await Promise.all(all), [[10], [20, 30], [40, 50], [60, 70, 80, 90]]);
});

test('a failing call rejects its groups only; two failures, then the next succeeds', async () => {
  const { calls, run } = gatedStore();
  const submit = createCoalescer({ ...defaults, run });
  for (const [index, error] of [new Error('down'), new Error('still down')].entries()) {
    const failed = submit([1]);
    calls[index]?.finish(error);
    await assert.rejects(failed, error);
  }
  const after = submit([2]);
  await turn();
  calls[2]?.finish();
  assert.deepEqual(await after, [20]);
});

test('more than maxWaiting is refused at once, and room comes back', async () => {
  const { calls, run } = gatedStore();
  const submit = createCoalescer({ ...defaults, run, maxWaiting: 2 });
  const first = submit([1]);
  const second = submit([2, 3]);
  await assert.rejects(submit([4]), /full/);
  calls[0]?.finish();
  await first;
  await turn();
  const third = submit([5]);
  calls[1]?.finish();
  await second;
  await turn();
  calls[2]?.finish();
  assert.deepEqual(await third, [50]);
});

test('a group that waited too long is rejected and, when not sent yet, never sent', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { calls, run } = gatedStore();
  const submit = createCoalescer({ ...defaults, run, timeoutMs: 50 });
  const sent = submit([1]);
  const queued = submit([2]);
  t.mock.timers.tick(50);
  await assert.rejects(sent, /timeout/);
  await assert.rejects(queued, /timeout/);
  calls[0]?.finish();
  await turn();
  assert.equal(calls.length, 1);
  const next = submit([3]);
  await turn();
  assert.deepEqual(calls[1]?.items, [3]);
  calls[1]?.finish();
  assert.deepEqual(await next, [30]);
});

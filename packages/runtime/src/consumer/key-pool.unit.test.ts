import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKeyPool, type PoolEntry } from './key-pool.ts';

type Work = { readonly key: string; readonly number: number };

function poolOf(concurrency: number) {
  const started: PoolEntry<Work>[] = [];
  const limit = { value: concurrency };
  const pool = createKeyPool<Work>({ concurrency: () => limit.value, start: (entry) => void started.push(entry) });
  const add = (key: string, number: number) => pool.add(key, { key, number });
  return { pool, started, limit, add };
}
const names = (entries: readonly PoolEntry<Work>[]) => entries.map(({ work }) => `${work.key}${work.number}`);

test('order per key under parallel work: one at a time per key, others meanwhile', () => {
  const { pool, started, add } = poolOf(10);
  for (const [key, number] of [
    ['a', 1],
    ['a', 2],
    ['b', 1],
  ] as const)
    add(key, number);
  pool.pump();
  assert.deepEqual(names(started), ['a1', 'b1']);
  pool.finish(started[0] as PoolEntry<Work>);
  pool.pump();
  assert.deepEqual(names(started), ['a1', 'b1', 'a2']);
});

test('fair: a busy key goes behind those that wait', () => {
  const { pool, started, add } = poolOf(1);
  for (let number = 1; number <= 3; number++) add('busy', number);
  add('other', 1);
  pool.pump();
  for (let i = 0; i < 4; i++) {
    pool.finish(started[i] as PoolEntry<Work>);
    pool.pump();
  }
  assert.deepEqual(names(started), ['busy1', 'other1', 'busy2', 'busy3']);
});

test('held work blocks its key, takes no slot and is tried again', () => {
  const { pool, started, add } = poolOf(1);
  add('a', 1);
  add('a', 2);
  add('b', 1);
  pool.pump();
  pool.hold(started[0] as PoolEntry<Work>);
  pool.pump();
  assert.deepEqual(names(started), ['a1', 'b1']);
  pool.finish(started[1] as PoolEntry<Work>);
  pool.pump();
  assert.equal(started.length, 2);
  pool.wake(started[0] as PoolEntry<Work>);
  pool.pump();
  assert.deepEqual(names(started), ['a1', 'b1', 'a1']);
});

test('drops unstarted and held work of lost partitions, never what runs', () => {
  const { pool, started, add } = poolOf(2);
  add('a', 1);
  add('a', 2);
  add('b', 1);
  add('c', 1);
  pool.pump();
  pool.hold(started[1] as PoolEntry<Work>);
  assert.equal(
    pool.drop(() => true),
    3,
  );
  assert.equal(pool.running(), 1);
  assert.equal(pool.waiting(), 0);
  pool.finish(started[0] as PoolEntry<Work>);
  add('b', 2);
  pool.pump();
  assert.deepEqual(names(started).slice(2), ['b2']);
});

test('what waits behind held work that is dropped starts with the next pump, and a late wake of the dropped starts nothing twice', () => {
  const { pool, started, add } = poolOf(2);
  add('a', 1);
  add('a', 2);
  pool.pump();
  pool.hold(started[0] as PoolEntry<Work>);
  assert.equal(
    pool.drop(({ number }) => number === 1),
    1,
  );
  pool.pump();
  add('a', 3);
  pool.pump();
  assert.deepEqual(names(started), ['a1', 'a2']);
  pool.hold(started[1] as PoolEntry<Work>);
  pool.wake(started[0] as PoolEntry<Work>);
  pool.pump();
  assert.equal(started.length, 2, 'only its own wake ends a wait');
});

/** What the pool should do, checked at every start. */
function modelOf(concurrency: number) {
  const running = new Set<PoolEntry<Work>>();
  const held = new Set<PoolEntry<Work>>();
  const lastFinished = new Map<string, number>();
  const count = { added: 0, inside: 0 };
  const start = (entry: PoolEntry<Work>): void => {
    for (const other of running) assert.notEqual(other.work.key, entry.work.key);
    assert.ok(entry.work.number > (lastFinished.get(entry.work.key) ?? -1));
    held.delete(entry);
    running.add(entry);
    assert.ok(running.size <= concurrency);
  };
  const pool = createKeyPool<Work>({ concurrency: () => concurrency, start });
  const pick = (set: Set<PoolEntry<Work>>, n: number, use: (entry: PoolEntry<Work>) => void): void => {
    const entry = [...set][n % Math.max(1, set.size)];
    if (entry) use(entry);
  };
  const actions: Record<string, (n: number) => void> = {
    add: (n) => {
      const key = 'abcd'[n % 4] as string;
      pool.add(key, { key, number: count.added++ });
      count.inside++;
    },
    finish: (n) =>
      pick(running, n, (entry) => {
        running.delete(entry);
        count.inside--;
        lastFinished.set(entry.work.key, entry.work.number);
        pool.finish(entry);
      }),
    hold: (n) =>
      pick(running, n, (entry) => {
        running.delete(entry);
        held.add(entry);
        pool.hold(entry);
      }),
    wake: (n) => pick(held, n, (entry) => pool.wake(entry)),
    drop: (n) => {
      count.inside -= pool.drop(({ number }) => number % 3 === n % 3);
      for (const entry of held) if (entry.work.number % 3 === n % 3) held.delete(entry);
    },
  };
  return { pool, actions, running, held, count };
}

test('any mix of adding, finishing, holding, waking and dropping keeps order per key, the limit and the count', () => {
  const action = fc.tuple(fc.constantFrom('add', 'add', 'add', 'finish', 'finish', 'hold', 'wake', 'drop'), fc.nat());
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200, size: 'max' }), fc.integer({ min: 1, max: 4 }), (steps, concurrency) => {
      const { pool, actions, running, held, count } = modelOf(concurrency);
      for (const [name, n] of steps) {
        actions[name]?.(n);
        pool.pump();
        assert.equal(pool.running(), running.size);
        assert.equal(pool.running() + pool.waiting(), count.inside);
      }
      for (const entry of held) pool.wake(entry);
      for (pool.pump(); running.size > 0; pool.pump()) actions['finish']?.(0);
      assert.equal(pool.waiting(), 0, 'everything left can be woken and finished');
    }),
  );
});

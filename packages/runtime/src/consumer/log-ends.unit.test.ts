import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogEnds } from './log-ends.ts';

test('looks while nothing is fetched, at most so often, one look at a time, and survives a broker that is away', async () => {
  let isStalled = false;
  const looks: PromiseWithResolvers<number>[] = [];
  const seen: number[] = [];
  const look = (): Promise<number> => {
    const made = Promise.withResolvers<number>();
    looks.push(made);
    return made.promise;
  };
  const ends = createLogEnds({ everyMs: 5_000, isStalled: () => isStalled, look, onSeen: (end) => void seen.push(end) });
  ends.tick(10_000);
  assert.equal(looks.length, 0);
  isStalled = true;
  ends.tick(10_250);
  ends.tick(20_000);
  assert.equal(looks.length, 1);
  looks[0]?.reject(new Error('away'));
  await turn();
  ends.tick(20_250);
  looks[1]?.resolve(7);
  await turn();
  ends.tick(21_000);
  assert.deepEqual([looks.length, seen], [2, [7]]);
});

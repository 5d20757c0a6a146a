import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGroupSync } from './group-sync.ts';

test('what arrives during a round shares the next one', async () => {
  const rounds: number[][] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const group = createGroupSync<number>((items) => {
    rounds.push([...items]);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    return gate.promise;
  });
  const all = [1, 2, 3, 4].map((item) => group.add(item));
  assert.deepEqual(rounds, [[1]]);
  gates[0]?.resolve();
  await all[0];
  await new Promise(setImmediate);
  assert.deepEqual(rounds, [[1], [2, 3, 4]]);
  gates[1]?.resolve();
  await Promise.all(all);
});

test('a failed round rejects those in it only', async () => {
  let calls = 0;
  const group = createGroupSync<number>(() => (calls++ === 0 ? Promise.reject(new Error('disk')) : Promise.resolve()));
  const results = await Promise.allSettled([group.add(1), group.add(2)]);
  assert.deepEqual(
    results.map((result) => result.status),
    ['rejected', 'fulfilled'],
  );
});

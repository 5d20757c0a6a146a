import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKeyedOrder } from './keyed-order.ts';

test('tasks that share a key run in the order of the calls, one at a time; all of them end', async () => {
  const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(keys, fc.nat(3), fc.boolean()), { maxLength: 20 }), async (tasks) => {
      const order = createKeyedOrder();
      const running = new Set<string>();
      const ran = new Map<string, number[]>();
      const enter = (key: string, i: number): void => {
        assert.equal(running.has(key), false);
        running.add(key);
        ran.set(key, [...(ran.get(key) ?? []), i]);
      };
      const task = async ([own, turns, fails]: (typeof tasks)[number], i: number): Promise<void> => {
        for (const key of own) enter(key, i);
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        for (const key of own) running.delete(key);
        if (fails) throw new Error('expected');
      };
      const work = tasks.map((one, i) => order.run(one[0], () => task(one, i)));
      const results = await Promise.allSettled(work);
      assert.deepEqual(
        results.map((one) => one.status === 'rejected'),
        tasks.map(([, , fails]) => fails),
      );
      for (const list of ran.values())
        assert.deepEqual(
          list,
          list.toSorted((a, b) => a - b),
        );
    }),
  );
});

test('tasks without a common key run at the same time', async () => {
  const order = createKeyedOrder();
  const gate = Promise.withResolvers<void>();
  const first = order.run(['a'], () => gate.promise);
  await order.run(['b'], async () => gate.resolve());
  await first;
});

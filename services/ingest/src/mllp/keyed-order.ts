/**
 * Runs tasks so that those sharing a key run one after another in the order of the calls, and all others at the same time. A task with several
 * keys (a merge) waits for all of them. Keys are taken together at the call, so tasks cannot wait for each other in a circle.
 */
export type KeyedOrder = { run<T>(keys: readonly string[], task: () => Promise<T>): Promise<T> };

export function createKeyedOrder(): KeyedOrder {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(keys, task) {
      const before = keys.map((key) => tails.get(key));
      const result = Promise.all(before).then(task);
      const tail = result.catch(() => undefined);
      for (const key of keys) tails.set(key, tail);
      void tail.then(() => {
        for (const key of keys) if (tails.get(key) === tail) tails.delete(key);
      });
      return result;
    },
  };
}

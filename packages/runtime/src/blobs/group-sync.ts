/**
 * Makes many small writes durable together: all that arrive while one round of syncing runs share the next round. One caller alone waits
 * for one round, a thousand at once wait for two. A failed round rejects everyone in it; nobody is told of success too early.
 */

export type GroupSync<T> = { add(item: T): Promise<void> };

export function createGroupSync<T>(sync: (items: readonly T[]) => Promise<void>): GroupSync<T> {
  let waiting: { readonly item: T; readonly done: PromiseWithResolvers<void> }[] = [];
  let running = false;

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const round = waiting;
      waiting = [];
      try {
        await sync(round.map(({ item }) => item));
        for (const { done } of round) done.resolve();
      } catch (error) {
        for (const { done } of round) done.reject(error);
      }
    }
    running = false;
  }

  return {
    add: (item) => {
      const done = Promise.withResolvers<void>();
      waiting.push({ item, done });
      if (!running) void run();
      return done.promise;
    },
  };
}

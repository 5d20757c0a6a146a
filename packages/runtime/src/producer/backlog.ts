/** What was handed over and is neither confirmed nor rejected. Runs the clock that rejects late records while there are any. Pure but for its timer. */
export type Backlog = {
  take(bytes: number): void;
  give(bytes: number): void;
  bytes(): number;
  records(): number;
  /** Resolves when nothing is waiting. */
  whenEmpty(): Promise<void>;
};

export function createBacklog(options: { readonly everyMs: number; readonly onTick: () => void }): Backlog {
  let records = 0;
  let bytes = 0;
  let timer: NodeJS.Timeout | null = null;
  let waiters: (() => void)[] = [];
  const emptied = (): void => {
    if (timer) clearInterval(timer);
    timer = null;
    const waiting = waiters;
    waiters = [];
    for (const resolve of waiting) resolve();
  };
  return {
    take(size) {
      records++;
      bytes += size;
      timer ??= setInterval(options.onTick, options.everyMs);
    },
    give(size) {
      records--;
      bytes -= size;
      if (records === 0) emptied();
    },
    bytes: () => bytes,
    records: () => records,
    whenEmpty: () => (records === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
  };
}

/**
 * Many small requests, few round trips: what arrives while one call is in flight goes out together in the next. An idle coalescer
 * waits for nobody, so a single request pays no delay; under load a call carries whatever gathered meanwhile. One call at a time,
 * first come first served, so answers of one caller come in the order it asked.
 *
 * Bounded: more than `maxWaiting` items are refused at once, and a group that waited `timeoutMs` is rejected (and dropped if it was
 * not sent yet). Every rejection goes through `unavailable`.
 */
export type CoalescerOptions<I, O> = {
  /** Answers in the order of the items. */
  readonly run: (items: readonly I[]) => Promise<readonly O[]>;
  /** Items in one call; a single larger group goes alone. */
  readonly maxItems: number;
  readonly maxWaiting: number;
  readonly timeoutMs: number;
  readonly unavailable: (why: 'full' | 'timeout') => Error;
};

type Group<I, O> = {
  readonly items: readonly I[];
  readonly resolve: (answers: readonly O[]) => void;
  readonly reject: (error: unknown) => void;
  abandoned: boolean;
};

export function createCoalescer<I, O>(options: CoalescerOptions<I, O>): (items: readonly I[]) => Promise<readonly O[]> {
  const waiting: Group<I, O>[] = [];
  let waitingItems = 0;
  let running = false;

  const take = (): Group<I, O>[] => {
    let items = 0;
    const fitting = waiting.findIndex((group, index) => {
      items += group.items.length;
      return index > 0 && items > options.maxItems;
    });
    const taken = waiting.splice(0, fitting === -1 ? waiting.length : fitting);
    waitingItems -= taken.reduce((sum, group) => sum + group.items.length, 0);
    return taken.filter((group) => !group.abandoned);
  };

  const drain = async (): Promise<void> => {
    if (running) return;
    running = true;
    while (waiting.length > 0) await runTogether(options.run, take());
    running = false;
  };

  return (items) => {
    if (waitingItems + items.length > options.maxWaiting) return Promise.reject(options.unavailable('full'));
    const { promise, resolve, reject } = Promise.withResolvers<readonly O[]>();
    const group: Group<I, O> = { items, resolve, reject, abandoned: false };
    const timer = setTimeout(() => {
      group.abandoned = true;
      reject(options.unavailable('timeout'));
    }, options.timeoutMs);
    waiting.push(group);
    waitingItems += items.length;
    void drain();
    return promise.finally(() => clearTimeout(timer));
  };
}

async function runTogether<I, O>(run: CoalescerOptions<I, O>['run'], groups: readonly Group<I, O>[]): Promise<void> {
  if (groups.length === 0) return;
  try {
    const answers = await run(groups.flatMap((group) => group.items));
    let from = 0;
    for (const group of groups) {
      group.resolve(answers.slice(from, from + group.items.length));
      from += group.items.length;
    }
  } catch (error) {
    for (const group of groups) group.reject(error);
  }
}

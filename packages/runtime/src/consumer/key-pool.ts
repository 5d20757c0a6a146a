/**
 * Runs work in parallel over keys and one after the other within a key, at most `concurrency` at a time. Pure: it starts work and is told
 * when it ended. Fair: a key that has just run goes behind every key that waits.
 *
 *   add ──> waiting ──start──> running ──finish──> gone
 *              ^                  │
 *              └──── wake ── held <── hold     (held: blocks its key, takes no slot)
 */
export type PoolEntry<W> = { readonly work: W; readonly slot: KeySlot<W>; next: PoolEntry<W> | null };
type KeySlot<W> = {
  readonly key: string;
  head: PoolEntry<W> | null;
  tail: PoolEntry<W> | null;
  state: 'waiting' | 'running' | 'held';
};

export type KeyPool<W> = {
  add(key: string, work: W): void;
  /** Starts what may start. Call after adding and after anything that frees a slot. */
  pump(): void;
  finish(entry: PoolEntry<W>): void;
  /** Gives the slot back, keeps the key blocked until `wake`. */
  hold(entry: PoolEntry<W>): void;
  wake(entry: PoolEntry<W>): void;
  /** Forgets work that has not started or is held and that the test names. What waited behind it may start: pump. */
  drop(isUnwanted: (work: W) => boolean): number;
  running(): number;
  waiting(): number;
};

export type KeyPoolOptions<W> = {
  /** How many may run now; asked before each start. */
  readonly concurrency: () => number;
  /** Must not throw and must not finish synchronously. */
  readonly start: (entry: PoolEntry<W>) => void;
};

export function createKeyPool<W>({ concurrency, start }: KeyPoolOptions<W>): KeyPool<W> {
  const slots = new Map<string, KeySlot<W>>();
  const ready = createQueue<KeySlot<W>>();
  let running = 0;
  let entries = 0;

  const advance = (slot: KeySlot<W>): void => {
    slot.head = slot.head?.next ?? null;
    entries--;
    if (slot.head === null) return void slots.delete(slot.key);
    slot.state = 'waiting';
    ready.push(slot);
  };

  return {
    add(key, work) {
      const slot = slots.get(key);
      entries++;
      if (slot) {
        const entry = { work, slot, next: null };
        if (slot.tail) slot.tail.next = entry;
        slot.tail = entry;
        return;
      }
      const made: KeySlot<W> = { key, head: null, tail: null, state: 'waiting' };
      made.head = made.tail = { work, slot: made, next: null };
      slots.set(key, made);
      ready.push(made);
    },
    pump() {
      while (running < concurrency()) {
        const slot = ready.shift();
        if (slot === undefined) return;
        if (slot.state !== 'waiting' || slot.head === null) continue;
        slot.state = 'running';
        running++;
        start(slot.head);
      }
    },
    finish({ slot }) {
      if (slot.state === 'running') running--;
      advance(slot);
    },
    hold({ slot }) {
      if (slot.state === 'running') running--;
      slot.state = 'held';
    },
    wake(entry) {
      const { slot } = entry;
      if (slot.head === entry) unblock(slot);
    },
    drop(isUnwanted) {
      const before = entries;
      for (const slot of [...slots.values()]) {
        const { head } = slot;
        entries -= prune(slot, isUnwanted);
        if (slot.head === null) slots.delete(slot.key);
        else if (slot.head !== head) unblock(slot);
      }
      return before - entries;
    },
    running: () => running,
    waiting: () => entries - running,
  };

  /** A held key is in no queue until it may start again. */
  function unblock(slot: KeySlot<W>): void {
    if (slot.state !== 'held') return;
    slot.state = 'waiting';
    ready.push(slot);
  }
}

/** Unlinks unwanted entries, never a running head. Returns how many went. */
function prune<W>(slot: KeySlot<W>, isUnwanted: (work: W) => boolean): number {
  let dropped = 0;
  const kept: PoolEntry<W>[] = [];
  for (let entry = slot.head; entry !== null; entry = entry.next) {
    const isRunning = entry === slot.head && slot.state === 'running';
    if (isRunning || !isUnwanted(entry.work)) kept.push(entry);
    else dropped++;
  }
  if (dropped > 0) relink(slot, kept);
  return dropped;
}

function relink<W>(slot: KeySlot<W>, entries: readonly PoolEntry<W>[]): void {
  slot.head = entries[0] ?? null;
  slot.tail = entries.at(-1) ?? null;
  for (let i = 0; i < entries.length; i++) (entries[i] as PoolEntry<W>).next = entries[i + 1] ?? null;
}

/** First in, first out, without moving what remains. */
function createQueue<T>() {
  let items: (T | undefined)[] = [];
  let head = 0;
  return {
    push: (item: T): void => void items.push(item),
    shift(): T | undefined {
      if (head === items.length) return undefined;
      const item = items[head];
      items[head++] = undefined;
      if (head === items.length) {
        items = [];
        head = 0;
      } else if (head > 4_096 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}

/**
 * Which offsets of one partition are in hand, and how far they are done without a gap. Pure.
 * Invariants: an offset is admitted at most once; the watermark never passes an offset that is admitted and not completed; it never falls.
 * Offsets may skip (compaction, control records): what the log does not contain needs no completion.
 */
export type PartitionTracker = {
  /** Takes the next offset in hand; a ticket to complete it with, or -1 when this offset was admitted before. */
  admit(offset: number, timestamp: number): number;
  complete(ticket: number): void;
  /** The next offset that has not been admitted; null before the first. */
  next(): number | null;
  /** Everything below is done: what may be committed. Null before the first admission. */
  watermark(): number | null;
  /** Offsets between the watermark and the newest one in hand. */
  span(): number;
  /** Records admitted above the watermark, done or not. */
  inHand(): number;
  /** Timestamp of the oldest record in hand that holds the watermark; null when nothing is in hand. */
  oldestTimestamp(): number | null;
};

const firstCapacity = 64;

/** A ring of admitted offsets; a ticket is the running number of its admission. `position` is where the partition is known to begin. */
export function createPartitionTracker(position: number | null = null): PartitionTracker {
  let capacity = firstCapacity;
  let offsets = new Float64Array(capacity);
  let timestamps = new Float64Array(capacity);
  let isDone = new Uint8Array(capacity);
  let head = 0;
  let tail = 0;
  let next = position;
  let watermark = position;

  const grow = (): void => {
    const old = { offsets, timestamps, isDone, mask: capacity - 1 };
    capacity *= 2;
    offsets = new Float64Array(capacity);
    timestamps = new Float64Array(capacity);
    isDone = new Uint8Array(capacity);
    for (let ticket = head; ticket < tail; ticket++) {
      const [from, to] = [ticket & old.mask, ticket & (capacity - 1)];
      offsets[to] = old.offsets[from] as number;
      timestamps[to] = old.timestamps[from] as number;
      isDone[to] = old.isDone[from] as number;
    }
  };

  const advance = (): void => {
    const mask = capacity - 1;
    while (head < tail && isDone[head & mask] === 1) head++;
    watermark = head === tail ? next : (offsets[head & mask] as number);
  };

  return {
    admit(offset, timestamp) {
      if (next !== null && offset < next) return -1;
      if (tail - head === capacity) grow();
      const slot = tail & (capacity - 1);
      offsets[slot] = offset;
      timestamps[slot] = timestamp;
      isDone[slot] = 0;
      next = offset + 1;
      if (head === tail) watermark = offset;
      return tail++;
    },
    complete(ticket) {
      if (ticket < head || ticket >= tail) return;
      isDone[ticket & (capacity - 1)] = 1;
      if (ticket === head) advance();
    },
    next: () => next,
    watermark: () => watermark,
    span: () => (next ?? 0) - (watermark ?? 0),
    inHand: () => tail - head,
    oldestTimestamp: () => (head === tail ? null : (timestamps[head & (capacity - 1)] as number)),
  };
}

/** How much one consumer holds. Full at its limits; roomy again only below three quarters, so that a waiting fetch admits in gulps. Pure. */
import type { ConsumerLimits } from './types.ts';

export type Room = {
  take(bytes: number): void;
  give(bytes: number): void;
  isFull(): boolean;
  records(): number;
  bytes(): number;
  /** Resolves when roomy again, when `wake` is called, or after `ms`. */
  waitForRoom(ms: number): Promise<void>;
  wake(): void;
};

const roomyShare = 0.75;

export function createRoom(limits: Pick<ConsumerLimits, 'maxRecords' | 'maxBytes'>): Room {
  let records = 0;
  let bytes = 0;
  const waiters = new Set<() => void>();
  const isRoomy = (): boolean => records <= limits.maxRecords * roomyShare && bytes <= limits.maxBytes * roomyShare;
  const wake = (): void => {
    for (const resolve of waiters) resolve();
    waiters.clear();
  };
  return {
    take(size) {
      records++;
      bytes += size;
    },
    give(size) {
      records--;
      bytes -= size;
      if (waiters.size > 0 && isRoomy()) wake();
    },
    isFull: () => records >= limits.maxRecords || bytes >= limits.maxBytes,
    records: () => records,
    bytes: () => bytes,
    waitForRoom: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(finish, ms);
        function finish(): void {
          clearTimeout(timer);
          waiters.delete(finish);
          resolve();
        }
        waiters.add(finish);
      }),
    wake,
  };
}

/**
 * Whether waiting records may wait a little longer for company: none of them is urgent, they are few, and their time is not over. Says so
 * once it is, by `onDue`.
 */
import type { Linger } from './types.ts';

export type Lingering = {
  added(topic: string): void;
  /** What waited was taken; what is left over has waited enough. */
  taken(left: number): void;
  /** Starts the clock when the answer is yes for the first time since `taken`. */
  mayWait(waiting: number): boolean;
  stop(): void;
};

export function createLingering(linger: Linger | null, onDue: () => void): Lingering {
  let isDue = false;
  let timer: NodeJS.Timeout | null = null;
  const clear = (): void => {
    if (timer) clearTimeout(timer);
    timer = null;
  };
  const due = (): void => {
    timer = null;
    isDue = true;
    onDue();
  };
  return {
    added(topic) {
      if (linger?.isUrgent(topic)) isDue = true;
    },
    taken(left) {
      isDue = left > 0;
      clear();
    },
    mayWait(waiting) {
      if (linger === null || isDue || waiting >= linger.maxRecords) return false;
      timer ??= setTimeout(due, linger.ms);
      return true;
    },
    stop: clear,
  };
}

/**
 * When a peer may be dialled again. All connections to it share one gate: while it is away, one of them asks, not all. The wait doubles from
 * 200 ms to five seconds with jitter, and only an answer proves that the peer is well: one that takes connections and drops them is not.
 */
import { backOffDelay, dependencyBackOff } from '@clinstream/runtime/errors';

export type DialGate = {
  /** Milliseconds to wait; 0: now. */
  wait(): number;
  failed(): void;
  /** Asked on purpose and found there: others may come, the count stands until an answer came. */
  found(): void;
  answered(): void;
};

export function createDialGate(now: () => number, random: () => number = Math.random): DialGate {
  let failures = 0;
  let notBefore = Number.NEGATIVE_INFINITY;
  return {
    wait: () => Math.max(0, notBefore - now()),
    failed: () => {
      failures++;
      notBefore = now() + backOffDelay(dependencyBackOff, failures, random());
    },
    found: () => {
      notBefore = Number.NEGATIVE_INFINITY;
    },
    answered: () => {
      failures = 0;
      notBefore = Number.NEGATIVE_INFINITY;
    },
  };
}

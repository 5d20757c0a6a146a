/**
 * Whether new work may start. Closes when a dependency is away and comes back by trying one piece of work at a time. Pure but for its timer.
 *
 *   open ──failed──> closed ──back-off over──> probing (one at a time) ──succeeded──> open
 *                      ^                           │
 *                      └───────── failed ──────────┘
 *
 * `hold` closes it for other reasons (membership in doubt, not started, stopping) without touching the above.
 */
import type { AppError } from '../errors/app-error.ts';
import { type BackOff, backOffDelay, dependencyBackOff } from '../errors/back-off.ts';

export type Gate = {
  /** How many may run now, given the usual number. */
  limit(usual: number): number;
  failed(error: AppError): void;
  succeeded(): void;
  hold(isHeld: boolean): void;
  problem(): string | null;
  /** For ever. */
  close(): void;
};

export type GateOptions = {
  readonly onOpen: () => void;
  readonly onChange: (change: { readonly isOpen: boolean; readonly error: AppError | null; readonly downMs: number }) => void;
  readonly now: () => number;
  readonly backOff?: BackOff;
};

export function createGate({ onOpen, onChange, now, backOff = dependencyBackOff }: GateOptions): Gate {
  let state: 'open' | 'closed' | 'probing' = 'open';
  let isHeld = true;
  let isClosed = false;
  let error: AppError | null = null;
  let attempt = 0;
  let since = 0;
  let timer: NodeJS.Timeout | null = null;
  const probe = (): void => {
    timer = null;
    state = 'probing';
    onOpen();
  };
  return {
    limit(usual) {
      if (isHeld || state === 'closed') return 0;
      return state === 'probing' ? 1 : usual;
    },
    failed(reason) {
      error = reason;
      if (state === 'closed') return;
      if (state === 'open') {
        since = now();
        attempt = 0;
        onChange({ isOpen: false, error: reason, downMs: 0 });
      }
      state = 'closed';
      timer = setTimeout(probe, reason.retryAfterMs ?? backOffDelay(backOff, ++attempt));
    },
    succeeded() {
      if (state !== 'probing') return;
      state = 'open';
      error = null;
      onChange({ isOpen: true, error: null, downMs: now() - since });
      onOpen();
    },
    hold(held) {
      if (isClosed) return;
      isHeld = held;
      if (!held) onOpen();
    },
    problem: () => error?.message ?? null,
    close() {
      isClosed = isHeld = true;
      if (timer) clearTimeout(timer);
    },
  };
}

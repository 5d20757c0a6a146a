/**
 * Whether new work may start. Closes when a dependency is away and comes back by trying one piece of work at a time. Pure but for its timer.
 *
 *   open ──failed──> closed ──back-off over──> probing (one at a time) ──succeeded──> open
 *                      ^                           │
 *                      └───────── failed ──────────┘
 *
 * `forget` opens it because nothing is left that waits: whether the dependency is back the next piece of work will find out.
 * `hold` closes it for other reasons (membership in doubt, not started, stopping) without touching the above.
 */
import type { AppError } from '../errors/app-error.ts';
import { type BackOff, backOffDelay, dependencyBackOff } from '../errors/back-off.ts';

export type Gate = {
  /** How many may run now, given the usual number. */
  limit(usual: number): number;
  failed(error: AppError): void;
  succeeded(): void;
  /** Nothing waits for the dependency any more. */
  forget(): void;
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
  const open = (): void => {
    state = 'open';
    error = null;
    if (timer) clearTimeout(timer);
    timer = null;
    onChange({ isOpen: true, error: null, downMs: now() - since });
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
      if (isClosed) return;
      timer = setTimeout(probe, reason.retryAfterMs ?? backOffDelay(backOff, ++attempt));
    },
    succeeded() {
      if (state === 'probing') open();
    },
    forget() {
      if (state !== 'open') open();
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

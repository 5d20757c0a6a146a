/** Waits out absent dependencies: says once that one is away and once that it is back, and tries again with jittered back-off until it works. */
import type { AppError } from '../errors/app-error.ts';
import { type BackOff, backOffDelay, dependencyBackOff, sleep } from '../errors/back-off.ts';

export type Patience = {
  /**
   * The result of `attempt`, tried again while it says that a dependency is away; any other AppError is the result. Null when no longer wanted.
   */
  insist<R>(attempt: () => Promise<R | AppError>, isWanted: () => boolean): Promise<R | AppError | null>;
  /** Nobody insists any more: what was away is no problem until somebody wants it again. */
  rest(): void;
  problem(): string | null;
};

export type PatienceOptions = {
  readonly stopping: AbortSignal;
  readonly now: () => number;
  readonly onChange: (change: { readonly isOpen: boolean; readonly error: AppError | null; readonly downMs: number }) => void;
  readonly backOff?: BackOff;
};

export function createPatience({ stopping, now, onChange, backOff = dependencyBackOff }: PatienceOptions): Patience {
  let problem: AppError | null = null;
  let since = 0;
  const down = (error: AppError): void => {
    if (problem === null) {
      since = now();
      onChange({ isOpen: false, error, downMs: 0 });
    }
    problem = error;
  };
  const up = (): void => {
    if (problem === null) return;
    problem = null;
    onChange({ isOpen: true, error: null, downMs: now() - since });
  };
  return {
    async insist(attempt, isWanted) {
      for (let tries = 1; isWanted() && !stopping.aborted; tries++) {
        const result = await attempt();
        if (!isAway(result)) {
          up();
          return result;
        }
        down(result);
        await sleep(result.retryAfterMs ?? backOffDelay(backOff, tries), stopping);
      }
      return null;
    },
    rest: up,
    problem: () => problem?.message ?? null,
  };
}

const isAway = (result: unknown): result is AppError =>
  result instanceof Error && (result as AppError).kind === 'retryable' && (result as AppError).scope === 'dependency';

/**
 * The timeout stage: one timer for all handlers. Past its time a handler's signal aborts; past a grace it is given up, and what it answers
 * later is ignored. Runs are kept in the order they began; with one time limit for all, the oldest is always first.
 */
export type Run = { startedAt: number; isLate: boolean };

export type Timeouts<R extends Run> = {
  began(run: R): void;
  ended(run: R): void;
  /** Under way now. */
  runs(): readonly R[];
  /** Called by the timer; here for tests. */
  sweep(): void;
  stop(): void;
};

export type TimeoutsOptions<R extends Run> = {
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly now: () => number;
  readonly onLate: (run: R) => void;
  readonly onGivenUp: (run: R) => void;
};

export function createTimeouts<R extends Run>({ timeoutMs, graceMs, now, onLate, onGivenUp }: TimeoutsOptions<R>): Timeouts<R> {
  const inTime = new Set<R>();
  const late = new Set<R>();
  const sweep = (): void => {
    const at = now();
    for (const run of late) {
      if (at - run.startedAt < timeoutMs + graceMs) break;
      late.delete(run);
      onGivenUp(run);
    }
    for (const run of inTime) {
      if (at - run.startedAt < timeoutMs) break;
      inTime.delete(run);
      late.add(run);
      run.isLate = true;
      onLate(run);
    }
  };
  const timer = setInterval(sweep, Math.max(10, Math.min(500, timeoutMs / 10)));
  return {
    began(run) {
      run.startedAt = now();
      run.isLate = false;
      inTime.add(run);
    },
    ended(run) {
      if (!inTime.delete(run)) late.delete(run);
    },
    runs: () => [...late, ...inTime],
    sweep,
    stop: () => clearInterval(timer),
  };
}

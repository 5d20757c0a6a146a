/** How long to wait before the next try: doubles from `baseMs`, never above `maxMs`, spread by jitter so that clients do not come back in step. */
export type BackOff = { readonly baseMs: number; readonly maxMs: number };

/** Waits for a dependency that is away: soon at first, never more than five seconds, so that recovery is noticed quickly. */
export const dependencyBackOff: BackOff = { baseMs: 200, maxMs: 5_000 };

/** Wait before try number `attempt` + 1 (attempt is 1-based); `random` is in [0, 1). Between half and all of the full wait. */
export function backOffDelay(policy: BackOff, attempt: number, random: number = Math.random()): number {
  const full = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}

/** Resolves after `ms`, or at once when the signal aborts; never rejects. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

export const whenAborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

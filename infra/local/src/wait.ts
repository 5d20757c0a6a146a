/** Waiting on conditions with deadlines; nothing here sleeps for a fixed time. */
import { setTimeout as delay } from 'node:timers/promises';

export type WaitOptions = {
  readonly deadlineMs: number;
  readonly what: string;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Asks `condition` until it answers something truthy, and answers that. An error it throws counts as "not yet"; the last one is the cause of the
 * error that the passed deadline throws. An aborted signal ends the wait with its reason.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { deadlineMs, what, everyMs = 50, signal }: WaitOptions,
): Promise<Exclude<T, null | undefined | false | '' | 0>> {
  const until = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const value = await condition();
      if (value) return value as Exclude<T, null | undefined | false | '' | 0>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= until) throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: last });
    await delay(everyMs, undefined, { signal });
  }
}

/** What the work resolves to, or the signal's reason as soon as it is aborted; the work then goes on unheard. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return await Promise.race([work, aborted]);
}

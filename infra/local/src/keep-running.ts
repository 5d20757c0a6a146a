/** Restarts what ends without being asked to, with a growing pause, and says so. */
import { setTimeout as delay } from 'node:timers/promises';

export type Kept = {
  /** Resolves with the reason when it ends. */
  exited(): Promise<string>;
  start(): Promise<void>;
};

export type KeepRunningOptions = {
  readonly name: string;
  readonly kept: Kept;
  readonly say: (line: string) => void;
  /** Aborted when the end is wanted. */
  readonly stopping: AbortSignal;
  readonly firstPauseMs?: number;
  readonly maxPauseMs?: number;
  /** A run this long counts as healthy: the pause starts small again. */
  readonly healthyMs?: number;
};

/** Resolves only after `stopping`. A start that fails counts as one more end. */
export async function keepRunning(options: KeepRunningOptions): Promise<void> {
  const { name, kept, say, stopping, firstPauseMs = 500, maxPauseMs = 30_000, healthyMs = 60_000 } = options;
  let pauseMs = firstPauseMs;
  let began = performance.now();
  let ended = kept.exited();
  for (;;) {
    const reason = await ended;
    if (stopping.aborted) return;
    if (performance.now() - began > healthyMs) pauseMs = firstPauseMs;
    say(`${name} ${reason}; starting it again in ${(pauseMs / 1000).toFixed(1)} s`);
    await delay(pauseMs, undefined, { signal: stopping }).catch(() => {});
    if (stopping.aborted) return;
    pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    began = performance.now();
    ended = kept.start().then(
      () => {
        say(`${name} is back`);
        return kept.exited();
      },
      (error: unknown) => `did not start: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    );
  }
}

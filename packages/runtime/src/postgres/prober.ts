/**
 * Knows whether the database answers. Real work counts as proof; only when there was none for a while, or some failed, is it asked:
 * every 5 s while it is well, with growing waits from 100 ms to 5 s while it is not.
 */
import type { AppError } from '../errors/app-error.ts';
import type { Readiness } from '../lifecycle/component.ts';

export type ProberOptions = {
  /** Rejects with AppError while the database is away. */
  readonly probe: () => Promise<unknown>;
  readonly now: () => number;
  readonly onChange: (up: boolean) => void;
  /** For tests: how to wait. */
  readonly schedule?: (run: () => void, delayMs: number) => { cancel(): void };
};

const steadyMs = 5_000;
const firstRetryMs = 100;

export function createProber({ probe, now, onChange, schedule = unrefTimer }: ProberOptions) {
  let state: { up: boolean; why: string } = { up: false, why: 'not asked yet' };
  let lastGoodAt = Number.NEGATIVE_INFINITY;
  let retryMs = firstRetryMs;
  let timer: { cancel(): void } | null = null;
  let stopped = true;

  function succeeded(): void {
    lastGoodAt = now();
    retryMs = firstRetryMs;
    if (!state.up) change({ up: true, why: '' });
  }

  function failed(error: AppError): void {
    if (error.scope !== 'dependency' || error.code === 'POSTGRES_CONFLICT' || error.code === 'POSTGRES_TIMEOUT') return;
    const wasUp = state.up;
    change({ up: false, why: error.message });
    if (wasUp && !stopped) plan(firstRetryMs);
  }

  function change(next: { up: boolean; why: string }): void {
    const turned = next.up !== state.up;
    state = next;
    if (turned) onChange(next.up);
  }

  function plan(delayMs: number): void {
    timer?.cancel();
    timer = schedule(() => void look(), delayMs);
  }

  async function look(): Promise<void> {
    if (!state.up || now() - lastGoodAt >= steadyMs)
      await probe().then(succeeded, (error: AppError) => change({ up: false, why: error.message }));
    if (stopped) return;
    plan(state.up ? steadyMs : retryMs);
    if (!state.up) retryMs = Math.min(retryMs * 2, steadyMs);
  }

  return {
    succeeded,
    failed,
    /** Resolves after the first answer or failure. */
    start: async (): Promise<void> => {
      stopped = false;
      await look();
    },
    stop: (): void => {
      stopped = true;
      timer?.cancel();
    },
    readiness: (): Readiness => (state.up ? { ready: true } : { ready: false, why: state.why }),
  };
}

function unrefTimer(run: () => void, delayMs: number): { cancel(): void } {
  const timer = setTimeout(run, delayMs);
  timer.unref();
  return { cancel: () => clearTimeout(timer) };
}

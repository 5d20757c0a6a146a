/** The one shape of everything that starts and stops: consumers, producers, servers, pools, worker fleets. */

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly why: string };

export type Component = {
  readonly name: string;
  /** Resolves once it is under way; a dependency that is away is waited for in the background and shows in `readiness`, it does not reject. */
  start(): Promise<void>;
  /** Takes no new work from now on, waits for nothing. Called for all components before the first is stopped: only sources need it. */
  quiesce?(): void;
  /** Stops taking new work, finishes what is under way until the signal aborts, releases everything. Never rejects because of a second call. */
  stop(deadline: AbortSignal): Promise<void>;
  readiness(): Readiness;
};

/** What a component calls when it can never work again: the process drains and exits non-zero. */
export type OnFatal = (error: Error) => void;

export type Clock = { now(): number };
export const systemClock: Clock = { now: () => Date.now() };

/**
 * The breaker of one target. Pure: time and chance arrive as arguments.
 *
 *          failed                     probe succeeded
 *   closed ───────> open(until) ────────────────────> half open ── trial succeeded ──> closed
 *                     ^  probe failed: longer wait        │
 *                     └────────── trial failed ───────────┘
 *
 * Closed: everything may go. Open: nothing, and once `until` has come a probe asks whether the target is back. Half open: one trial at a time.
 * A wait is never longer than five seconds, unless the target itself asked for more (Retry-After), and then at most `maxRetryAfterMs`.
 */
export type Breaker =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly until: number; readonly failures: number; readonly code: string | null }
  | { readonly state: 'half_open'; readonly failures: number; readonly onTrial: boolean };

export type Setback = { readonly code: string; readonly retryAfterMs: number | null };
export type Moment = { readonly now: number; readonly random: number };

export const breakerWait = { baseMs: 200, maxMs: 5_000, maxRetryAfterMs: 300_000 } as const;

/** At start nobody knows whether the target is there: ask first. */
export const unknownBreaker = (now: number): Breaker => ({ state: 'open', until: now, failures: 0, code: null });

/** How many patients may be sent to now, given how many are under way. */
export function roomOf(breaker: Breaker, concurrency: number, inFlight: number): number {
  if (breaker.state === 'closed') return Math.max(0, concurrency - inFlight);
  return breaker.state === 'half_open' && !breaker.onTrial && inFlight === 0 ? 1 : 0;
}

export const isProbeDue = (breaker: Breaker, now: number): boolean => breaker.state === 'open' && now >= breaker.until;

export const onTrial = (breaker: Breaker): Breaker => (breaker.state === 'half_open' ? { ...breaker, onTrial: true } : breaker);

/** A delivery or a probe met an absent target. One that began before the breaker opened does not lengthen the wait. */
export function afterSetback(breaker: Breaker, setback: Setback, { now, random }: Moment, from: 'delivery' | 'probe'): Breaker {
  if (breaker.state === 'open' && from === 'delivery')
    return { ...breaker, until: Math.max(breaker.until, now + askedFor(setback)) };
  const failures = breaker.state === 'closed' ? 1 : breaker.failures + 1;
  const full = Math.min(breakerWait.maxMs, breakerWait.baseMs * 2 ** Math.min(failures - 1, 30));
  const wait = Math.max(Math.round(full / 2 + (full / 2) * random), askedFor(setback));
  return { state: 'open', until: now + wait, failures, code: setback.code };
}

const askedFor = ({ retryAfterMs }: Setback): number => Math.min(retryAfterMs ?? 0, breakerWait.maxRetryAfterMs);

export const afterProbe = (breaker: Breaker): Breaker =>
  breaker.state === 'open' ? { state: 'half_open', failures: breaker.failures, onTrial: false } : breaker;

/** The target answered a delivery, whatever it said. An answer from before the breaker opened proves nothing. */
export const afterAnswer = (breaker: Breaker): Breaker => (breaker.state === 'half_open' ? { state: 'closed' } : breaker);

/** The trial ended without the target being asked (lease lost, our own store away): another may try. */
export const afterNoAnswer = (breaker: Breaker): Breaker =>
  breaker.state === 'half_open' ? { ...breaker, onTrial: false } : breaker;

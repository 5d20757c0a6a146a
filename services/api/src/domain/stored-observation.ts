/** A laboratory result with the times its events were received: of the one it shows, and of its last correction. Pure. */
import { type ObservationEvent, type ObservationState, type ObservationStatus, reduceObservation } from '@clinstream/contracts';

/**
 * Received, not logged: a correction and an analysis of the corrected value may come in one message, and that analysis is not stale.
 * `correctedAt`: of the newest correction, cancellation or withdrawal, also when a final value was told since (facts 6.5).
 */
export type StoredObservation = ObservationState & { readonly changedAt: number; readonly correctedAt: number | null };

/** Corrected (C), cancelled (X), withdrawn (D, W). */
const takesBack: ReadonlySet<ObservationStatus> = new Set(['corrected', 'cancelled', 'entered_in_error']);

/** The state after one more event; the very same object when the event changes nothing. */
export function reduceStoredObservation(
  state: StoredObservation | null,
  event: ObservationEvent,
  receivedAt: number,
): StoredObservation | null {
  const next = reduceObservation(state, event);
  if (next === null || next === state) return state;
  const sameResult = state !== null && next.sourceVersion === state.sourceVersion && next.status === state.status;
  const changedAt = sameResult ? state.changedAt : receivedAt;
  return { ...next, changedAt, correctedAt: takesBack.has(next.status) ? changedAt : (state?.correctedAt ?? null) };
}

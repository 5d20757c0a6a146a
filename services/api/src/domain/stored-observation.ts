/** A laboratory result with the log time of the event it shows. Pure. */
import { type ObservationEvent, type ObservationState, reduceObservation } from '@clinstream/contracts';

export type StoredObservation = ObservationState & { readonly changedAt: number };

/** The state after one more event; the very same object when the event changes nothing. */
export function reduceStoredObservation(
  state: StoredObservation | null,
  event: ObservationEvent,
  loggedAt: number,
): StoredObservation | null {
  const next = reduceObservation(state, event);
  if (next === null || next === state) return state;
  const sameResult = state !== null && next.sourceVersion === state.sourceVersion && next.status === state.status;
  return { ...next, changedAt: sameResult ? state.changedAt : loggedAt };
}

/** A patient with the time the merge it shows was received. Pure. */
import { type PatientEvent, type PatientState, reducePatient } from '@clinstream/contracts';

export type StoredPatient = PatientState & { readonly mergedAt: number | null };

/** The state after one more event; the very same object when the event changes nothing. */
export function reduceStoredPatient(state: StoredPatient | null, event: PatientEvent, receivedAt: number): StoredPatient | null {
  const next = reducePatient(state, event);
  if (next === null || next === state) return state;
  const sameMerge = state !== null && next.mergedVersion === state.mergedVersion;
  return { ...next, mergedAt: sameMerge || next.mergedInto === null ? (state?.mergedAt ?? null) : receivedAt };
}

/**
 * The state of one patient as a pure reducer: demographics by highest source version; a merge is kept apart and is final until undone
 * by hand. The order and number of deliveries do not matter, apart from `version` and two different events of equal source version,
 * of which the first in the log stays.
 */
import type { Demographics, PatientEvent } from '../generated/types.ts';

export type PatientState = {
  readonly patientKey: string;
  readonly demographics: Demographics | null;
  readonly demographicsVersion: number;
  readonly mergedInto: string | null;
  readonly mergedVersion: number;
  readonly version: number;
};

/** The state after one more event; the very same object when the event changes nothing. */
export function reducePatient(state: PatientState | null, event: PatientEvent): PatientState | null {
  if (event.type === 'Unknown') return state;
  const before = state ?? emptyPatient(event.patientKey);
  const demographics =
    event.demographics !== null && event.sourceVersion > before.demographicsVersion
      ? { demographics: event.demographics, demographicsVersion: event.sourceVersion }
      : null;
  const merge =
    event.mergedInto !== null && event.sourceVersion > before.mergedVersion
      ? { mergedInto: event.mergedInto, mergedVersion: event.sourceVersion }
      : null;
  if (state !== null && demographics === null && merge === null) return state;
  return { ...before, ...demographics, ...merge, version: before.version + 1 };
}

const emptyPatient = (patientKey: string): PatientState => ({
  patientKey,
  demographics: null,
  demographicsVersion: -1,
  mergedInto: null,
  mergedVersion: -1,
  version: 0,
});

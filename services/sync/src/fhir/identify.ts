/** By which identifier the server knows a patient, and under which id we would write them. Pure. */
import { ids } from '../domain/fhir/ids.ts';
import { identityOf } from '../domain/fhir/parts.ts';
import { patientSystemOf } from '../domain/fhir/systems.ts';
import type { RenderSettings } from '../domain/fhir/types.ts';
import type { Identifier } from './patient-search.ts';

/** Null: no patient key, as of a job without a patient, or one whose identifier must not leave. */
export function identifyPatient(
  patientKey: string,
  settings: RenderSettings,
): { readonly identifier: Identifier; readonly ownId: string } | null {
  const identity = identityOf(patientKey);
  if (identity === null) return null;
  const system = patientSystemOf(identity.facility, identity.authority, settings);
  return { identifier: { system, value: identity.id }, ownId: ids.patient(patientKey) };
}

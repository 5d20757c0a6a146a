/**
 * A Patient of ours: the identifier and nothing else (facts 6.12). Demographics are the hospital's own affair, and its own Patient is never written.
 * A merge shows as a link to the survivor by identifier (6.4): the survivor's Patient is another patient's delivery and may not be there yet.
 */
import { type PatientState, parsePatientKey } from '@clinstream/contracts';
import type { Patient } from 'fhir/r4.d.ts';
import { ids } from './ids.ts';
import { identityOf, newestOf, ownMeta, patientIdentifier } from './parts.ts';
import { withSourceVersion } from './source-version.ts';
import type { RenderContext, RenderSettings } from './types.ts';

/** Null: the Patient is not ours. Depends on the patient's own state alone, whichever subject's bundle carries it. */
export function renderPatient(patientKey: string, state: PatientState | null, context: RenderContext): Patient | null {
  const { settings, patientReference } = context;
  const identity = identityOf(patientKey);
  if (identity === null || !settings.writePatient || patientReference !== null) return null;
  const patient: Patient = {
    resourceType: 'Patient',
    id: ids.patient(patientKey),
    meta: ownMeta(settings),
    identifier: [patientIdentifier(identity, settings)],
    ...replacement(state?.mergedInto ?? null, settings),
  };
  return withSourceVersion(patient, newestOf(state?.mergedVersion ?? null));
}

function replacement(mergedInto: string | null, settings: RenderSettings): Pick<Patient, 'active' | 'link'> {
  const survivor = mergedInto === null ? null : parsePatientKey(mergedInto);
  if (survivor === null) return {};
  const other = { type: 'Patient', identifier: patientIdentifier(survivor, settings) };
  return { active: false, link: [{ other, type: 'replaced-by' }] };
}

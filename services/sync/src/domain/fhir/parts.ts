/** What many resources have in common: whose they are, whom they are about, what they refer to. Pure. */
import { type ObservationState, type OrderState, type PatientIdentity, parsePatientKey } from '@clinstream/contracts';
import type { Identifier, Meta, Reference } from 'fhir/r4.d.ts';
import { ids } from './ids.ts';
import { hasContent, isMedication } from './order-status.ts';
import { identifiersOf, patientSystemOf, systems } from './systems.ts';
import { looksLikeResidentNumber } from './text.ts';
import type { RenderContext, RenderSettings } from './types.ts';

/** `meta.source` tells our resources from those of others. */
export const ownMeta = (settings: RenderSettings): Meta => ({ source: settings.systemBase });

/** Made by a model: AIAST, kept after approval. HTEST: made by a demonstration model, no patient's care may rest on it. */
export function aiMeta(settings: RenderSettings, isDemonstration: boolean): Meta {
  const asserted = { system: systems.observationValue, code: 'AIAST', display: 'Artificial Intelligence asserted' };
  return { ...ownMeta(settings), security: isDemonstration ? [asserted, testData] : [asserted] };
}
export const testData = { system: systems.actReason, code: 'HTEST', display: 'test health data' } as const;

/** Null: no identity, or one that must not leave. */
export function identityOf(patientKey: string): PatientIdentity | null {
  const identity = parsePatientKey(patientKey);
  return identity === null || looksLikeResidentNumber(identity.id) ? null : identity;
}

export const patientIdentifier = ({ facility, authority, id }: PatientIdentity, settings: RenderSettings): Identifier => ({
  system: patientSystemOf(facility, authority, settings),
  value: id,
});

/** The hospital's own Patient if there is one, else ours, else the identifier alone. */
export function subjectOf(patientKey: string, { patientReference, settings }: RenderContext): Reference {
  if (patientReference !== null) return { reference: patientReference };
  if (settings.writePatient) return { reference: `Patient/${ids.patient(patientKey)}` };
  const identity = identityOf(patientKey);
  return identity === null ? { type: 'Patient' } : { type: 'Patient', identifier: patientIdentifier(identity, settings) };
}

/** Null for an order that is not written (nobody has said yet what it is) or is of another patient: such a reference would lead nowhere, or astray. */
export function orderReference(order: OrderState | null, patientKey: string): Reference | null {
  if (order === null || !hasContent(order) || order.patientKey !== patientKey) return null;
  const { orderId } = order;
  return {
    reference: isMedication(order)
      ? `MedicationRequest/${ids.medicationRequest(orderId)}`
      : `ServiceRequest/${ids.serviceRequest(orderId)}`,
  };
}

/** Of the inputs named, those that are results of their own: an order's copies of values are none. In the order of their ids. */
export function inputReferences(named: readonly string[], known: readonly ObservationState[], patientKey: string): Reference[] {
  return known
    .filter((one) => named.includes(one.observationId) && one.patientKey === patientKey)
    .map(({ observationId }) => `Observation/${ids.observation(observationId)}`)
    .sort()
    .map((reference) => ({ reference }));
}

/** A person, by the id they sign in with; never a name. */
export const practitioner = (settings: RenderSettings, kind: string, id: string, authority?: string | null): Reference => ({
  type: 'Practitioner',
  identifier: { system: identifiersOf(settings, kind, ...(authority ? [authority] : [])), value: id },
});

export const newestOf = (...versions: readonly (number | null)[]): number => Math.max(0, ...versions.map((one) => one ?? 0));

/**
 * Finds whom the server already knows a patient as, by identifier (system and value) only. A hospital's own Patient is referred to, never
 * written; several that carry the identifier are nobody's to choose from.
 */
import type { Clock } from '@clinstream/runtime/lifecycle';
import type { FhirClient } from './client.ts';
import { fhirError } from './errors.ts';
import { type JsonRecord, objectIn, objectsIn, textIn } from './json.ts';

export type Identifier = { readonly system: string; readonly value: string };

export type PatientFound =
  /** Nobody, or our own Patient. */
  { readonly kind: 'ours' } | { readonly kind: 'foreign'; readonly reference: string } | { readonly kind: 'ambiguous' };

export type PatientFinder = { find(patientKey: string, signal: AbortSignal): Promise<PatientFound> };

export type PatientFinderOptions = {
  readonly client: FhirClient;
  readonly clock: Clock;
  /** Null: a key without a patient behind it, nothing to look for. */
  readonly identify: (patientKey: string) => { readonly identifier: Identifier; readonly ownId: string } | null;
};

/** Long enough to spare a busy patient's look-ups, short enough to notice a Patient that was made or merged since. */
const rememberMs = 300_000;
const maxRemembered = 20_000;

export function createPatientFinder({ client, clock, identify }: PatientFinderOptions): PatientFinder {
  const remembered = new Map<string, { readonly found: PatientFound; readonly until: number }>();
  return {
    find: async (patientKey, signal) => {
      const known = remembered.get(patientKey);
      if (known !== undefined && clock.now() < known.until) return known.found;
      const identity = identify(patientKey);
      if (identity === null) return { kind: 'ours' };
      const found = chooseAmong(await search(client, identity.identifier, signal), identity.ownId);
      remembered.delete(patientKey);
      if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value ?? '');
      // What is ambiguous may be put right at any time, by hand.
      if (found.kind !== 'ambiguous') remembered.set(patientKey, { found, until: clock.now() + rememberMs });
      return found;
    },
  };
}

/** Rejects with FHIR_REPLY_UNREADABLE when it is no searchset. A server that ignored the identifier would answer with everybody: each is checked. */
async function search(client: FhirClient, identifier: Identifier, signal: AbortSignal): Promise<readonly JsonRecord[]> {
  const token = `${escaped(identifier.system)}|${escaped(identifier.value)}`;
  const path = `Patient?identifier=${encodeURIComponent(token)}&_count=10`;
  const { status, resource } = await client.send({ method: 'GET', path, signal });
  if (status !== 200) throw fhirError('FHIR_UNEXPECTED_STATUS');
  if (textIn(resource, 'resourceType') !== 'Bundle') throw fhirError('FHIR_REPLY_UNREADABLE');
  return objectsIn(resource, 'entry')
    .map((entry) => objectIn(entry, 'resource'))
    .filter((patient) => patient !== null)
    .filter((patient) => isThatOne(patient, identifier));
}

/** A search token's own separators inside a value. */
const escaped = (text: string): string => text.replace(/[\\,|$]/g, (character) => `\\${character}`);

const isThatOne = (patient: JsonRecord, { system, value }: Identifier): boolean =>
  textIn(patient, 'resourceType') === 'Patient' &&
  objectsIn(patient, 'identifier').some((one) => textIn(one, 'system') === system && textIn(one, 'value') === value);

/** Ours stays the one while it is there: everything written so far refers to it. */
function chooseAmong(patients: readonly JsonRecord[], ownId: string): PatientFound {
  const ids = patients.filter((one) => one['active'] !== false).flatMap((one) => textIn(one, 'id') ?? []);
  const [first, ...others] = ids;
  if (first === undefined || ids.includes(ownId)) return { kind: 'ours' };
  return others.length === 0 ? { kind: 'foreign', reference: `Patient/${first}` } : { kind: 'ambiguous' };
}

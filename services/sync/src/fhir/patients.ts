/**
 * Finds whom the server already knows a patient as, by identifier (system and value) only. A hospital's own Patient is referred to, never
 * written; several that carry the identifier are nobody's to choose from.
 */
import type { Clock } from '@clinstream/runtime/lifecycle';
import type { FhirClient } from './client.ts';
import { type JsonRecord, objectIn, textIn } from './json.ts';
import type { Found } from './look.ts';
import { createPatientSearch, type Identifier } from './patient-search.ts';

export type PatientFound =
  /** Nobody (null), or our own Patient as it stands there. */
  | { readonly kind: 'ours'; readonly found: Extract<Found, { kind: 'there' }> | null }
  | { readonly kind: 'foreign'; readonly reference: string }
  | { readonly kind: 'ambiguous' };

export type PatientFinder = {
  find(patientKey: string, signal: AbortSignal): Promise<PatientFound>;
  /** `find` will be asked soon; if others are looked for now, so is this one. Never rejects. */
  lookAhead(patientKey: string): Promise<void>;
  /** We wrote our own: it need not be looked for again. */
  wrote(patientKey: string, resource: JsonRecord, version: string | null): void;
};

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
  const search = createPatientSearch(client);
  const remembered = new Map<string, { readonly found: PatientFound; readonly until: number }>();

  function recall(patientKey: string): PatientFound | null {
    const known = remembered.get(patientKey);
    return known !== undefined && clock.now() < known.until ? known.found : null;
  }

  function remember(patientKey: string, found: PatientFound): void {
    remembered.delete(patientKey);
    if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(patientKey, { found, until: clock.now() + rememberMs });
  }

  function learn(patientKey: string, patients: readonly JsonRecord[], ownId: string): PatientFound {
    const found = chooseAmong(patients, ownId);
    // What is ambiguous may be put right at any time, by hand.
    if (found.kind !== 'ambiguous') remember(patientKey, found);
    return found;
  }

  return {
    find: async (patientKey, signal) => {
      const known = recall(patientKey);
      if (known !== null) return known;
      const identity = identify(patientKey);
      if (identity === null) return { kind: 'ours', found: null };
      return learn(patientKey, await search.find(identity.identifier, signal), identity.ownId);
    },
    lookAhead: async (patientKey) => {
      const identity = recall(patientKey) === null ? identify(patientKey) : null;
      if (identity === null) return;
      const patients = await search.findWithOthers(identity.identifier);
      if (patients !== null) learn(patientKey, patients, identity.ownId);
    },
    wrote: (patientKey, resource, version) => {
      const identity = identify(patientKey);
      if (identity !== null) search.exists(identity.identifier);
      remember(patientKey, { kind: 'ours', found: { kind: 'there', resource, version } });
    },
  };
}

/** Ours stays the one while it is there: everything written so far refers to it. */
function chooseAmong(patients: readonly JsonRecord[], ownId: string): PatientFound {
  const own = patients.find((one) => textIn(one, 'id') === ownId);
  if (own !== undefined) {
    const version = textIn(objectIn(own, 'meta'), 'versionId');
    return { kind: 'ours', found: { kind: 'there', resource: own, version } };
  }
  const [first, ...others] = patients.filter((one) => one['active'] !== false).flatMap((one) => textIn(one, 'id') ?? []);
  if (first === undefined) return { kind: 'ours', found: null };
  return others.length === 0 ? { kind: 'foreign', reference: `Patient/${first}` } : { kind: 'ambiguous' };
}

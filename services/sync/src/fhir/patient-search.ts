/**
 * Searches Patients by identifier, several askers by one request: who asks while a search is under way waits for the next and shares it. A search is
 * among the dearest things a FHIR server is asked for, and one for eight costs hardly more than one.
 *
 * Promise: each asker is answered as if it had asked alone. It does ask alone when a shared search fails or is slow, when its page is full, or when it
 * proves nothing: a server that does not know lists (`a,b`) finds nobody, so that a list always carries an identifier somebody is known to have.
 * Rejects as the client does, with FHIR_UNEXPECTED_STATUS, with FHIR_REPLY_UNREADABLE when the answer is no searchset or never ends.
 */
import { sleep } from '@clinstream/runtime/errors';
import type { FhirClient } from './client.ts';
import { fhirError, isFhirError } from './errors.ts';
import { type JsonRecord, objectIn, objectsIn, textIn } from './json.ts';
import { searchPages } from './poll/pages.ts';

export type Identifier = { readonly system: string; readonly value: string };
export type PatientSearch = {
  find(identifier: Identifier, signal: AbortSignal): Promise<readonly JsonRecord[]>;
  /** As `find` if a search can be shared; null when it would have to ask alone. Never rejects. */
  findWithOthers(identifier: Identifier): Promise<readonly JsonRecord[] | null>;
  /** A Patient with this identifier certainly stands there. */
  exists(identifier: Identifier): void;
};

type Answers = (identifier: Identifier) => readonly JsonRecord[];
type Asker = {
  readonly identifier: Identifier;
  /** Null: ask alone. */
  readonly answer: (answers: Answers | null) => void;
  /** When it has its answer, from wherever. */
  readonly done: Promise<void>;
};

const mostShared = 8;
const matchesEach = 10;
const mostPages = 20;
/** Nobody waits longer for what others share or do. */
const patienceMs = 1_000;

export function createPatientSearch(client: FhirClient): PatientSearch {
  let waiting: Asker[] = [];
  let isSearching = false;
  let known: Identifier | null = null;

  const alone = async (identifier: Identifier, signal: AbortSignal): Promise<readonly JsonRecord[]> => {
    const { patients, isWhole } = await search(client, [identifier], signal);
    const all = isWhole ? patients : await readAllPages(client, identifier, signal);
    const found = all.filter((patient) => hasIdentifier(patient, identifier));
    if (found.length > 0) known ??= identifier;
    return found;
  };

  const together = async (askers: readonly Asker[], proof: Identifier): Promise<Answers | null> => {
    const asked = [...askers.map(({ identifier }) => identifier), proof];
    const { patients, isWhole } = await search(client, asked, new AbortController().signal);
    if (!isWhole) return null;
    if (patients.some((patient) => hasIdentifier(patient, proof)))
      return (identifier) => patients.filter((patient) => hasIdentifier(patient, identifier));
    known = null;
    return null;
  };

  const serve = async (askers: readonly Asker[]): Promise<void> => {
    const [first] = askers;
    const isShared = known !== null && askers.length > 1;
    const answers = isShared && known !== null ? await atMost(patienceMs, together(askers, known)) : null;
    for (const { answer } of askers) answer(answers);
    if (!isShared && first !== undefined) await atMost(patienceMs, first.done);
  };

  const searchOn = async (): Promise<void> => {
    while (waiting.length > 0) {
      const askers = waiting.slice(0, mostShared);
      waiting = waiting.slice(mostShared);
      await serve(askers);
    }
    isSearching = false;
  };

  const shared = (identifier: Identifier, done: Promise<void>): Promise<Answers | null> =>
    new Promise((answer) => {
      waiting.push({ identifier, answer, done });
      // Those of one turn of the event loop are searched for together.
      if (!isSearching) setImmediate(searchOn);
      isSearching = true;
    });

  return {
    async find(identifier, signal) {
      const done = Promise.withResolvers<void>();
      try {
        const answers = known === null ? null : await atMost(patienceMs, shared(identifier, done.promise));
        return answers === null ? await alone(identifier, signal) : answers(identifier);
      } finally {
        done.resolve();
      }
    },
    async findWithOthers(identifier) {
      const answers = known === null ? null : await atMost(patienceMs, shared(identifier, Promise.resolve()));
      return answers?.(identifier) ?? null;
    },
    exists: (identifier) => {
      known ??= identifier;
    },
  };
}

/** Null when it fails or has not ended by then. Leaves no timer behind. */
async function atMost<T>(ms: number, work: Promise<T>): Promise<T | null> {
  const ended = new AbortController();
  const tooLate = sleep(ms, ended.signal).then(() => null);
  const result = await Promise.race([work.catch(() => null), tooLate]);
  ended.abort();
  return result;
}

type Page = { readonly patients: readonly JsonRecord[] /** Nothing was left out. */; readonly isWhole: boolean };

/** A server that ignored the identifiers would answer with everybody: each has to be checked. */
async function search(client: FhirClient, identifiers: readonly Identifier[], signal: AbortSignal): Promise<Page> {
  const { status, resource } = await client.send({ method: 'GET', path: queryOf(identifiers), onePage: true, signal });
  if (status !== 200) throw fhirError('FHIR_UNEXPECTED_STATUS');
  if (textIn(resource, 'resourceType') !== 'Bundle') throw fhirError('FHIR_REPLY_UNREADABLE');
  const entries = objectsIn(resource, 'entry');
  const total = resource?.['total'];
  const isWhole =
    entries.length < identifiers.length * matchesEach &&
    !objectsIn(resource, 'link').some((link) => textIn(link, 'relation') === 'next') &&
    !(typeof total === 'number' && total > entries.length);
  return { patients: entries.map((entry) => objectIn(entry, 'resource')).filter((patient) => patient !== null), isWhole };
}

/** Of one whose first page left something out: the one that matters may stand on another. Whoever fills so many pages is not one patient. */
async function readAllPages(client: FhirClient, identifier: Identifier, signal: AbortSignal): Promise<readonly JsonRecord[]> {
  const patients: JsonRecord[] = [];
  let pages = 0;
  try {
    for await (const page of searchPages(client, queryOf([identifier]), 'Patient', signal)) {
      patients.push(...page);
      if (++pages > mostPages) throw fhirError('FHIR_REPLY_UNREADABLE');
    }
    return patients;
  } catch (error) {
    throw isFhirError(error, 'FHIR_POLL_UNUSABLE') ? fhirError('FHIR_REPLY_UNREADABLE', { cause: error }) : error;
  }
}

function queryOf(identifiers: readonly Identifier[]): string {
  const tokens = identifiers.map(({ system, value }) => `${escaped(system)}|${escaped(value)}`).join(',');
  return `Patient?identifier=${encodeURIComponent(tokens)}&_count=${identifiers.length * matchesEach}`;
}

/** A search token's own separators inside a value. */
const escaped = (text: string): string => text.replace(/[\\,|$]/g, (character) => `\\${character}`);

const hasIdentifier = (patient: JsonRecord, { system, value }: Identifier): boolean =>
  textIn(patient, 'resourceType') === 'Patient' &&
  objectsIn(patient, 'identifier').some((one) => textIn(one, 'system') === system && textIn(one, 'value') === value);

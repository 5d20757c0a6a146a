/** One page of foreign resources -> what to remember and what to publish. Reads patients and requests from the server, writes nothing. */

import type { RenderSettings } from '../../domain/fhir/types.ts';
import type { FhirClient } from '../client.ts';
import { isFhirError } from '../errors.ts';
import { type JsonRecord, objectIn, objectsIn, textIn } from '../json.ts';
import { lookUp } from '../look.ts';
import {
  type Decision,
  decideOrder,
  decideTaskCancelled,
  isOwn,
  mayBeOrder,
  type OrderPublication,
  type Source,
  type Told,
} from './order-from-fhir.ts';
import { type FoundKey, patientKeyFrom } from './patient-key.ts';
import type { PolledRow, PollStore } from './store.ts';

export type Reading = {
  readonly rows: readonly PolledRow[];
  readonly events: readonly OrderPublication[];
  readonly counts: { readonly ours: number; readonly ignored: number; readonly unreadable: number };
};

export type ReadDeps = {
  readonly client: FhirClient;
  readonly store: Pick<PollStore, 'known'>;
  readonly settings: RenderSettings;
  readonly signal: AbortSignal;
};

type Result = { readonly row: PolledRow; readonly events: readonly OrderPublication[] } | 'ours' | 'ignored' | 'seen';

/** Rejects as client and store do. Whatever a resource holds, it ends as an event, of no concern, or parked. */
export async function readPage(
  kind: 'ServiceRequest' | 'Task',
  resources: readonly JsonRecord[],
  deps: ReadDeps,
): Promise<Reading> {
  const sources = resources.map((resource) => sourceOf(resource, deps.client.baseUrl)).filter((one) => one !== null);
  const known = await deps.store.known(
    kind,
    sources.map(({ id }) => id),
  );
  const patients = new Map<string, Promise<FoundKey>>();
  const read = kind === 'Task' ? readTask : readRequest;
  const results: Result[] = [];
  for (const source of sources) {
    const before = known.get(source.id) ?? null;
    results.push(
      await read(source, before, { ...deps, patients }).catch((error: unknown) => unreadable(kind, source, before, error)),
    );
  }
  const kept = results.filter((one) => typeof one === 'object');
  const count = (what: Result): number => results.filter((one) => one === what).length;
  return {
    rows: kept.map(({ row }) => row),
    events: kept.flatMap(({ events }) => events),
    counts: { ours: count('ours'), ignored: count('ignored'), unreadable: resources.length - sources.length },
  };
}

export function sourceOf(resource: JsonRecord, server: string): Source | null {
  const meta = objectIn(resource, 'meta');
  const [id, version] = [textIn(resource, 'id'), textIn(meta, 'versionId')];
  const lastUpdated = Date.parse(textIn(meta, 'lastUpdated') ?? '');
  return id === null || version === null || Number.isNaN(lastUpdated) ? null : { server, resource, id, version, lastUpdated };
}

/** What it refers to is answered in a way that means nothing: this one is parked, and the others go on. Anything else ends the look. */
function unreadable(kind: string, source: Source, known: PolledRow | null, error: unknown): Result {
  if (!isFhirError(error, 'FHIR_UNEXPECTED_STATUS') && !isFhirError(error, 'FHIR_REPLY_UNREADABLE')) throw error;
  return resultOf(kind, source, known?.told ?? null, { kind: 'park', code: 'RESOURCE_UNREADABLE' });
}

type Deps = ReadDeps & { readonly patients: Map<string, Promise<FoundKey>> };

async function readRequest(source: Source, known: PolledRow | null, deps: Deps): Promise<Result> {
  const { resource, version } = source;
  if (isOwn(resource, deps.settings)) return 'ours';
  if (known?.version === version && known.outcome !== 'publishing') return 'seen';
  if (!mayBeOrder(resource)) return 'ignored';
  const told = known?.told ?? null;
  const decide = (key: string): Decision => decideOrder(source, key, told, deps.settings);
  return resultOf('ServiceRequest', source, told, await decideFor(resource, decide, deps));
}

const cancelledStates: ReadonlySet<string> = new Set(['cancelled', 'entered-in-error']);
const askingStates: ReadonlySet<string> = new Set(['requested', 'received', 'accepted', 'ready', 'in-progress']);

async function readTask(source: Source, known: PolledRow | null, deps: Deps): Promise<Result> {
  const { resource, version } = source;
  if (isOwn(resource, deps.settings)) return 'ours';
  if (known?.version === version && known.outcome !== 'publishing') return 'seen';
  const status = textIn(resource, 'status') ?? '';
  const id = requestIdIn(resource, deps.client.baseUrl);
  if (id === null || !(cancelledStates.has(status) || askingStates.has(status))) return 'ignored';
  const found = await lookUp(deps.client, `ServiceRequest/${id}`, deps.signal);
  const request = found.kind === 'there' ? sourceOf(found.resource, deps.client.baseUrl) : null;
  if (request === null) return resultOf('Task', source, known?.told ?? null, { kind: 'park', code: 'ORDER_NOT_FOUND' });
  const ofRequest = (await deps.store.known('ServiceRequest', [id])).get(id) ?? null;
  // It may be older than all we have read: the Task is what makes it ours to carry out.
  if (askingStates.has(status)) return await readRequest(request, ofRequest, deps);
  // Told once already: a further version of a cancelled Task says nothing new.
  if (known?.told?.confirmed) return 'ignored';
  const told = ofRequest?.told ?? null;
  const decide = (key: string): Decision => decideTaskCancelled(source, request, key, told, deps.settings);
  return resultOf('Task', source, known?.told ?? null, await decideFor(request.resource, decide, deps));
}

async function decideFor(resource: JsonRecord, decide: (patientKey: string) => Decision, deps: Deps): Promise<Decision> {
  const found = await keyOfSubject(resource, deps);
  if ('code' in found) return { kind: 'park', code: found.code };
  try {
    return decide(found.key);
  } catch {
    return { kind: 'park', code: 'RESOURCE_UNREADABLE' };
  }
}

function resultOf(kind: string, source: Source, told: Told | null, decision: Decision): Result {
  const { id, version, lastUpdated } = source;
  const row = { kind, id, version, lastUpdated };
  switch (decision.kind) {
    case 'ignore':
      // A version that was told of before and is all right again: no longer parked.
      return told === null ? 'ignored' : { row: { ...row, outcome: 'published', code: null, told }, events: [] };
    case 'park':
      return { row: { ...row, outcome: 'parked', code: decision.code, told }, events: [] };
    case 'publish': {
      const last = decision.events.at(-1)?.value;
      if (last === undefined) return 'ignored';
      const { type, orderId, patientKey, contentDigest } = last;
      const telling = { type, orderId, patientKey, contentDigest, confirmed: false };
      return { row: { ...row, outcome: 'publishing', code: null, told: telling }, events: decision.events };
    }
  }
}

const idIn = (reference: string | null, type: string, baseUrl: string): string | null => {
  const relative = reference?.startsWith(`${baseUrl}/`) ? reference.slice(baseUrl.length + 1) : (reference ?? '');
  const match = /^([A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/.exec(relative);
  return match?.[1] === type ? (match[2] ?? null) : null;
};

function requestIdIn(task: JsonRecord, baseUrl: string): string | null {
  const references = [objectIn(task, 'focus'), ...objectsIn(task, 'basedOn')].map((one) => textIn(one, 'reference'));
  const ids = new Set(references.map((reference) => idIn(reference, 'ServiceRequest', baseUrl)).filter((id) => id !== null));
  const [id] = ids;
  return ids.size === 1 ? (id ?? null) : null;
}

function keyOfSubject(resource: JsonRecord, deps: Deps): Promise<FoundKey> {
  const subject = objectIn(resource, 'subject');
  const id = idIn(textIn(subject, 'reference'), 'Patient', deps.client.baseUrl);
  if (id === null) {
    const identifier = objectIn(subject, 'identifier');
    return Promise.resolve(patientKeyFrom(identifier === null ? [] : [identifier], deps.settings));
  }
  const asked = deps.patients.get(id) ?? keyOfPatient(id, deps);
  deps.patients.set(id, asked);
  return asked;
}

async function keyOfPatient(id: string, { client, settings, signal }: Deps): Promise<FoundKey> {
  const found = await lookUp(client, `Patient/${id}`, signal);
  return found.kind === 'there'
    ? patientKeyFrom(objectsIn(found.resource, 'identifier'), settings)
    : { code: 'PATIENT_NOT_FOUND' };
}

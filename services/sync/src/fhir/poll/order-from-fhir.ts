/**
 * A ServiceRequest made in the FHIR server by others -> the order event it means. Pure; nothing is guessed: what lacks something is unusable
 * and says by a code what.
 *
 *   active, new ──> OrderPlaced     active, other content ──> OrderAmended     revoked, entered-in-error ──> OrderCancelRequested
 *   draft, on hold, completed, proposals and plans: of no concern while nothing was placed
 */
import {
  type Coding,
  deterministicId,
  type Envelope,
  type OrderEvent,
  type OrderEventType,
  type OrderKind,
  orderIdOf,
  type Priority,
} from '@clinstream/contracts';
import { canonicalDigest, versionOfSource } from '../../domain/fhir/source-version.ts';
import { identifiersOf, ownCodes } from '../../domain/fhir/systems.ts';
import { freeText, lineOf, looksLikeResidentNumber } from '../../domain/fhir/text.ts';
import type { RenderSettings } from '../../domain/fhir/types.ts';
import { polledRequester } from '../foreign-requests.ts';
import { type JsonRecord, objectIn, objectsIn, textIn } from '../json.ts';

export type UnusableCode =
  | 'PATIENT_NOT_IDENTIFIED'
  | 'PATIENT_AMBIGUOUS'
  | 'PATIENT_NOT_FOUND'
  | 'PATIENT_CHANGED'
  | 'ORDER_NOT_FOUND'
  | 'ORDER_KIND_UNKNOWN'
  | 'ORDER_CODE_MISSING'
  | 'ORDER_NUMBER_UNUSABLE'
  | 'ORDER_STATUS_UNKNOWN'
  | 'ORDER_PRIORITY_UNKNOWN'
  | 'ORDER_ON_HOLD'
  | 'ORDER_REACTIVATED'
  | 'RESOURCE_UNREADABLE';

/** What was told of this resource before. */
export type Told = {
  readonly type: OrderEventType;
  readonly orderId: string;
  readonly patientKey: string;
  readonly contentDigest: string;
  /** False: it was about to be told when we last heard of ourselves. */
  readonly confirmed: boolean;
};

export type Source = {
  readonly server: string;
  readonly resource: JsonRecord;
  readonly id: string;
  readonly version: string;
  readonly lastUpdated: number;
};

export type OrderPublication = { readonly value: OrderEvent; readonly envelope: Envelope };
export type Decision =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'park'; readonly code: UnusableCode }
  /** In this order. The last says what is to be remembered as told. */
  | { readonly kind: 'publish'; readonly events: readonly OrderPublication[] };

const ignore: Decision = { kind: 'ignore' };
const park = (code: UnusableCode): Decision => ({ kind: 'park', code });

/** We wrote it, whoever edited it since. */
export function isOwn(resource: JsonRecord, settings: RenderSettings): boolean {
  const source = textIn(objectIn(resource, 'meta'), 'source')?.split('#')[0];
  const prefix = `${identifiersOf(settings)}/`;
  const isOwnIdentifier = (one: JsonRecord): boolean => textIn(one, 'system')?.startsWith(prefix) ?? false;
  return (
    source === settings.systemBase ||
    versionOfSource(resource) !== null ||
    objectsIn(resource, 'identifier').some(isOwnIdentifier)
  );
}

const orderIntents: ReadonlySet<string> = new Set([
  ...['order', 'original-order', 'reflex-order', 'filler-order', 'instance-order'],
]);

/** Whether its patient must be known to decide; the rest is settled without asking for it. */
export const mayBeOrder = (resource: JsonRecord): boolean => orderIntents.has(textIn(resource, 'intent') ?? '');

export function decideOrder(source: Source, patientKey: string, told: Told | null, settings: RenderSettings): Decision {
  switch (textIn(source.resource, 'status')) {
    case 'active':
      return decideActive(source, patientKey, told, settings);
    case 'revoked':
    case 'entered-in-error':
      return decideRevoked(source, patientKey, told, settings);
    case 'on-hold':
      return told === null ? ignore : park('ORDER_ON_HOLD');
    case 'draft':
    case 'completed':
      return ignore;
    default:
      return park('ORDER_STATUS_UNKNOWN');
  }
}

function decideActive(source: Source, patientKey: string, told: Told | null, settings: RenderSettings): Decision {
  const content = contentOf(source.resource, settings);
  if (typeof content === 'string') return park(content);
  const identity = identityOf(source);
  if (identity === null) return park('ORDER_NUMBER_UNUSABLE');
  const order = { ...identity, ...content, patientKey, contentDigest: canonicalDigest([patientKey, ...Object.values(content)]) };
  if (told === null) return publish(source, order, ['OrderPlaced']);
  if (told.patientKey !== patientKey || told.orderId !== order.orderId) return park('PATIENT_CHANGED');
  // Nobody knows whether the placement left, and its content may have changed since. In this order both are harmless: an amendment may come
  // first, and a placement older than the content shown is no second one.
  if (!told.confirmed) return publish(source, order, ['OrderAmended', 'OrderPlaced']);
  if (told.type === 'OrderCancelRequested') return park('ORDER_REACTIVATED');
  return told.contentDigest === order.contentDigest ? ignore : publish(source, order, ['OrderAmended']);
}

function decideRevoked(source: Source, patientKey: string, told: Told | null, settings: RenderSettings): Decision {
  if (told === null || (told.type === 'OrderCancelRequested' && told.confirmed)) return ignore;
  const identity = identityOf(source);
  if (identity === null) return park('ORDER_NUMBER_UNUSABLE');
  const content = contentOf(source.resource, settings);
  const known = typeof content === 'string' ? noContent : content;
  if (told.patientKey !== patientKey || told.orderId !== identity.orderId) return park('PATIENT_CHANGED');
  return publish(source, { ...identity, ...known, patientKey, contentDigest: told.contentDigest }, ['OrderCancelRequested']);
}

/**
 * Somebody cancelled a Task about this request, one of theirs or of ours. `task` says which cancellation it was; `told` is of the request.
 * A request of theirs that never became an order has nothing to cancel.
 */
export function decideTaskCancelled(
  task: Source,
  request: Source,
  patientKey: string,
  told: Told | null,
  settings: RenderSettings,
): Decision {
  const own = isOwn(request.resource, settings);
  if (!own && (told === null || told.type === 'OrderCancelRequested')) return ignore;
  const identity = own ? ownIdentityOf(request.resource, settings) : identityOf(request);
  if (identity === null) return park('ORDER_NUMBER_UNUSABLE');
  const content = contentOf(request.resource, settings);
  const known = typeof content === 'string' ? noContent : content;
  return publish(task, { ...identity, ...known, patientKey, contentDigest: told?.contentDigest ?? '' }, ['OrderCancelRequested']);
}

/** The order one of our own requests was rendered from. */
function ownIdentityOf(resource: JsonRecord, settings: RenderSettings): Identity | null {
  const prefix = `${identifiersOf(settings, 'placer')}/`;
  const placer = objectsIn(resource, 'identifier').find((one) => textIn(one, 'system')?.startsWith(prefix));
  const placerNumber = textIn(placer, 'value');
  const system = textIn(placer, 'system');
  if (placerNumber === null || system === null) return null;
  const placerAuthority = decodeURIComponent(system.slice(prefix.length));
  return { orderId: orderIdOf(placerAuthority, placerNumber), placerNumber, placerAuthority };
}

type Identity = Pick<OrderEvent, 'orderId' | 'placerNumber' | 'placerAuthority'>;
type Content = Pick<OrderEvent, 'kind' | 'priority' | 'code' | 'note'>;
type Order = Identity & Content & Pick<OrderEvent, 'patientKey' | 'contentDigest'>;

const noContent: Content = { kind: 'unknown', priority: 'unknown', code: { code: '', system: '', display: null }, note: null };

function publish(source: Source, order: Order, types: readonly OrderEventType[]): Decision {
  return { kind: 'publish', events: types.map((type) => publicationOf(source, order, type)) };
}

export function publicationOf(source: Source, order: Order, type: OrderEventType): OrderPublication {
  const { server, resource, id, version, lastUpdated } = source;
  const eventId = deterministicId('event', type, 'fhir', server, `${textIn(resource, 'resourceType')}/${id}`, version);
  const value: OrderEvent = {
    type,
    ...order,
    fillerNumber: null,
    sourceVersion: lastUpdated,
    requestedBy: polledRequester,
    requestedAt: authoredAt(resource) ?? lastUpdated,
    analysisJobId: null,
    messageId: null,
    specimen: null,
    orderingProvider: null,
    parentOrderId: null,
    specimenRejectReasons: [],
  };
  const envelope = {
    eventId,
    eventType: type,
    occurredAt: lastUpdated,
    correlationId: eventId,
    traceparent: null,
    source: 'sync',
    attempt: 1,
  };
  return { value, envelope };
}

/** The placer's own number where there is exactly one, else the resource's id, which the server gives once. Null: a number nobody should carry. */
function identityOf({ resource, server, id }: Source): Identity | null {
  const placers = objectsIn(resource, 'identifier').filter(isPlacer);
  const [placer, ...others] = placers;
  const system = textIn(placer, 'system');
  const value = textIn(placer, 'value');
  const isNamed = others.length === 0 && system !== null && value !== null;
  const placerAuthority = isNamed ? system : `${server}/ServiceRequest`;
  const placerNumber = (isNamed ? value : id).normalize('NFC').trim();
  if (placerNumber === '' || looksLikeResidentNumber(placerNumber) || /\p{Cc}/u.test(placerNumber)) return null;
  return { orderId: orderIdOf(placerAuthority, placerNumber), placerNumber, placerAuthority };
}

const isPlacer = (identifier: JsonRecord): boolean =>
  objectsIn(objectIn(identifier, 'type'), 'coding').some((one) => textIn(one, 'code') === 'PLAC');

function contentOf(resource: JsonRecord, settings: RenderSettings): Content | UnusableCode {
  const kind = kindOf(resource, settings);
  if (kind === null) return 'ORDER_KIND_UNKNOWN';
  const code = codingOf(objectIn(resource, 'code'));
  if (code === null) return 'ORDER_CODE_MISSING';
  // R4: a request without priority is a routine one.
  const priority = textIn(resource, 'priority') ?? 'routine';
  if (!isPriority(priority)) return 'ORDER_PRIORITY_UNKNOWN';
  const texts = objectsIn(resource, 'note').map((one) => textIn(one, 'text') ?? '');
  return { kind, priority, code, note: freeText(texts.join('\n')) };
}

const isPriority = (text: string): text is Exclude<Priority, 'unknown'> => ['routine', 'urgent', 'asap', 'stat'].includes(text);

const sections: Readonly<Record<string, OrderKind>> = {
  'http://snomed.info/sct|108252007': 'laboratory',
  'http://snomed.info/sct|363679005': 'imaging',
  'http://terminology.hl7.org/CodeSystem/v2-0074|LAB': 'laboratory',
  'http://terminology.hl7.org/CodeSystem/v2-0074|RAD': 'imaging',
};

/** By category alone, and only when its categories agree. */
function kindOf(resource: JsonRecord, settings: RenderSettings): OrderKind | null {
  const codings = objectsIn(resource, 'category').flatMap((category) => objectsIn(category, 'coding'));
  const kinds = new Set(codings.map((one) => kindOfCoding(one, settings)).filter((kind) => kind !== null));
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined ? kind : null;
}

function kindOfCoding(coding: JsonRecord, settings: RenderSettings): OrderKind | null {
  const system = textIn(coding, 'system') ?? '';
  const code = textIn(coding, 'code') ?? '';
  if (system === ownCodes(settings, 'order-kind')) return code === 'laboratory' || code === 'imaging' ? code : null;
  return sections[`${system}|${code}`] ?? null;
}

const hl7Names: ReadonlyMap<string, string> = new Map([
  ['http://loinc.org', 'LN'],
  ['http://snomed.info/sct', 'SCT'],
]);

/** The coding its author chose, else the first: several are translations of one another. */
function codingOf(concept: JsonRecord | null): Coding | null {
  const codings = objectsIn(concept, 'coding').filter((one) => textIn(one, 'code') !== null && textIn(one, 'system') !== null);
  const chosen = codings.find((one) => one['userSelected'] === true) ?? codings[0];
  const code = lineOf(textIn(chosen, 'code'));
  const system = textIn(chosen, 'system');
  if (code === null || system === null) return null;
  return { code, system: hl7Names.get(system) ?? system, display: lineOf(textIn(chosen, 'display') ?? textIn(concept, 'text')) };
}

function authoredAt(resource: JsonRecord): number | null {
  const at = Date.parse(textIn(resource, 'authoredOn') ?? '');
  return Number.isNaN(at) ? null : at;
}

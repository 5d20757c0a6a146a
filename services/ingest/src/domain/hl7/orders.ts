/**
 * OML^O21 and ORM^O01. In: a message of one patient with one or more orders; out: one order event each, and an analysis request where the
 * order code is one of a model's. Order controls (facts 6.6): NW, XO, CA, DC from the placer, OC, OD, XX and SC from the filler.
 * An unusable model input becomes the request's `inputProblem`: the analysis fails, the order stands.
 */
import {
  type Coding,
  jobIdOfOrder,
  type OrderEvent,
  type OrderingProvider,
  type OrderKind,
  orderIdOf,
  type Priority,
  type Specimen,
  topics,
} from '@clinstream/contracts';
import { at, Hl7Fault, rawField, type Segment, textAt, valueAt, wholeText } from '@clinstream/runtime/hl7';
import type { KnownModel } from '../model-catalog.ts';
import { orderContentDigest } from '../order-request.ts';
import { looksLikeNationalId } from '../patient-identity.ts';
import { envelopeOf } from '../publication.ts';
import { analysisFactOf, inputContent } from './analysis.ts';
import { type Fact, type Mapped, type MappingContext, type OrderPart, sourceVersionOf } from './mapped.ts';
import { groupsOf, type OrderGroup } from './order-groups.ts';
import { patientKeyFrom } from './patient.ts';
import { priorityOf } from './priority.ts';
import { rejectReasonsOf, specimenOf } from './specimens.ts';
import { codingsAt, type OrderNumber, orderNumberAt, parentNumberAt } from './values.ts';

export function mapOrders(context: MappingContext): Mapped {
  const { pid, groups } = groupsOf(context.message);
  const patientKey = patientKeyFrom(pid, 3, context.channel);
  const orders = groups.map((group) => mapOrder({ pid, patientKey, group, context }));
  return { patientKey, keys: [patientKey], facts: [], orders };
}

type OrderInput = {
  readonly pid: Segment;
  readonly patientKey: string;
  readonly group: OrderGroup;
  readonly context: MappingContext;
};

function mapOrder(input: OrderInput): OrderPart {
  const { group, context } = input;
  const placer = placerOf(group, context);
  const orderId = orderIdOf(placer.authority, placer.number);
  const part = { ...plainPart, orderId, occurrence: group.orc.occurrence };
  const described = { ...input, orderId, placer };
  switch (controlOf(group)) {
    case 'place':
      return { ...part, ...placement(described) };
    case 'amend':
      return { ...part, accepted: 'XR', unable: 'UX', ...amendment(described) };
    case 'cancel':
      return { ...part, facts: [notice(described, 'OrderCancelRequested')] };
    case 'cancelled':
      return { ...part, facts: [...rejections(described), notice(described, 'OrderCancelled')] };
    case 'status':
      return { ...part, facts: rejections(described) };
  }
}

/** A cancellation is answered OK, request taken, and never CR or DR: those say that it *is* cancelled. */
const plainPart = { placement: null, accepted: 'OK', unable: 'UA', refused: null, facts: [] } as const;

type Control = 'place' | 'amend' | 'cancel' | 'cancelled' | 'status';
const controls: Readonly<Record<string, Control>> = {
  NW: 'place',
  XO: 'amend',
  XX: 'amend',
  CA: 'cancel',
  DC: 'cancel',
  OC: 'cancelled',
  OD: 'cancelled',
  SC: 'status',
};

function controlOf({ orc }: OrderGroup): Control {
  const code = textAt(orc, 1);
  if (code === '') throw new Hl7Fault(101, 'ORDER_CONTROL_MISSING', at('ORC', 1, orc.occurrence));
  const control = Object.hasOwn(controls, code) ? controls[code] : undefined;
  if (control === undefined) throw new Hl7Fault(103, 'ORDER_CONTROL_UNSUPPORTED', at('ORC', 1, orc.occurrence));
  // Of the statuses a filler reports only these two change an order of ours; results close it.
  return control === 'status' && ['CA', 'DC'].includes(textAt(orc, 5)) ? 'cancelled' : control;
}

function placerOf({ orc, obr }: OrderGroup, { channel, origin }: MappingContext): OrderNumber {
  const own = orderNumberAt(orc, 2, channel, origin.requestedBy);
  const repeated = obr === null ? null : orderNumberAt(obr, 2, channel, origin.requestedBy);
  if (own !== null && repeated !== null && own.number !== repeated.number) {
    throw new Hl7Fault(204, 'ORDER_NUMBERS_DISAGREE', at('ORC', 2, orc.occurrence));
  }
  const placer = own ?? repeated;
  if (placer === null) throw new Hl7Fault(101, 'PLACER_NUMBER_MISSING', at('ORC', 2, orc.occurrence));
  return placer;
}

type Described = OrderInput & { readonly orderId: string; readonly placer: OrderNumber };

function placement(order: Described): Pick<OrderPart, 'facts' | 'placement'> {
  const content = contentOf(order);
  const { model } = content;
  const inputs = model === null ? null : { model: model.manifest.name, inputs: inputContent(order.group.observations) };
  const contentDigest = orderContentDigest({ patientKey: order.patientKey, ...content }, inputs);
  const jobId = model === null ? null : jobIdOfOrder(order.orderId, model.manifest.name, contentDigest);
  const event = eventOf(order, 'OrderPlaced', content, { contentDigest, jobId, step: 0 });
  // Named by content: the same order placed again, in whatever message, is the same fact.
  const placed = factOf(order, event, order.orderId, contentDigest);
  if (model === null || jobId === null) return { facts: [placed], placement: { contentDigest } };
  const analysis = analysisFactOf({ ...order, model, jobId, priority: content.priority, contentDigest });
  return { facts: [placed, analysis], placement: { contentDigest } };
}

function amendment(order: Described): Pick<OrderPart, 'facts' | 'refused'> {
  const { group, context } = order;
  const content = contentOf(order);
  const [input] = content.model === null ? [] : group.observations;
  if (input !== undefined) {
    // The analysis has its inputs; with others it is a new question and needs a new order, or two results would claim one.
    return { facts: [], refused: new Hl7Fault(204, 'ANALYSIS_INPUTS_FIXED', at('OBX', 0, input.occurrence)).fault };
  }
  const contentDigest = orderContentDigest({ patientKey: order.patientKey, ...content });
  const event = eventOf(order, 'OrderAmended', content, { contentDigest, jobId: null, step: 1 });
  return { facts: [factOf(order, event, order.orderId, context.messageId, String(group.orc.occurrence))], refused: null };
}

/** From the filler: it cannot use the specimen (SPM-21). What that means for the order it says itself, in ORC-5. */
function rejections(order: Described): readonly Fact[] {
  const reasons = rejectReasonsOf(order.group.specimens);
  return reasons === null ? [] : [notice(order, 'OrderSpecimenRejected', reasons)];
}

/** What is told of an order beside its content. */
function notice(
  order: Described,
  type: 'OrderCancelRequested' | 'OrderCancelled' | 'OrderSpecimenRejected',
  reasons: readonly string[] = [],
): Fact {
  const { obr } = order.group;
  const [code = { code: '', system: '', display: null }] = obr === null ? [] : codingsAt(obr, 4);
  const content = { ...noContent, code };
  const event = { ...eventOf(order, type, content, { contentDigest: '', jobId: null, step: 2 }), specimenRejectReasons: reasons };
  return factOf(order, event, order.orderId, order.context.messageId, String(order.group.orc.occurrence));
}

type Content = {
  readonly kind: OrderKind;
  readonly priority: Priority;
  readonly code: Coding;
  readonly note: string | null;
  readonly specimen: Specimen | null;
  readonly orderingProvider: OrderingProvider | null;
  readonly parentOrderId: string | null;
};
const noContent = {
  kind: 'unknown',
  priority: 'unknown',
  note: null,
  specimen: null,
  orderingProvider: null,
  parentOrderId: null,
} as const;

function contentOf({ group, context }: Described): Content & { readonly model: KnownModel | null } {
  const codes = codesOf(group);
  const [code] = codes;
  if (code === undefined) {
    const place = group.obr ?? group.medication;
    if (place === null) throw new Hl7Fault(100, 'ORDER_DETAIL_MISSING', at('OBR', 0, group.orc.occurrence));
    throw new Hl7Fault(101, 'ORDER_CODE_MISSING', at(place.name, place.name === 'OBR' ? 4 : 1, place.occurrence));
  }
  const model = modelOf(codes, context);
  const { zone } = context.channel;
  return {
    kind: kindOf(group, model),
    priority: priorityOf(group, context.channel),
    code,
    note: noteOf(group),
    specimen: specimenOf(group.specimens[0], zone),
    orderingProvider: providerOf(group),
    parentOrderId: parentOf(group, context),
    model,
  };
}

/** ORC-12, else OBR-16: the id and its authority, never the name. */
function providerOf({ orc, obr }: OrderGroup): OrderingProvider | null {
  const [segment, field] = valueAt(orc, 12) === null && obr !== null ? ([obr, 16] as const) : ([orc, 12] as const);
  const id = valueAt(segment, field);
  return id === null || looksLikeNationalId(id) ? null : { id, authority: valueAt(segment, field, { component: 9 }) };
}

/** An added test names the order it was added to: ORC-8, else OBR-29. */
function parentOf({ orc, obr }: OrderGroup, { channel, origin }: MappingContext): string | null {
  const own = parentNumberAt(orc, 8, channel, origin.requestedBy);
  const parent = own ?? (obr && parentNumberAt(obr, 29, channel, origin.requestedBy));
  return parent === null ? null : orderIdOf(parent.authority, parent.number);
}

const codesOf = ({ obr, medication }: OrderGroup): readonly Coding[] =>
  obr !== null ? codingsAt(obr, 4) : medication !== null ? codingsAt(medication, 1) : [];

function modelOf(codes: readonly Coding[], { models }: MappingContext): KnownModel | null {
  return codes.map(({ system, code }) => models.forOrderCode(system, code)).find((model) => model !== null) ?? null;
}

/** HL7 table 0074: which service does the work. Anything not named here is the laboratory's. */
const imaging: readonly string[] = [
  'RAD',
  'RX',
  'CT',
  'NMR',
  'MR',
  'MRI',
  'US',
  'RUS',
  'OUS',
  'VUS',
  'NMS',
  'CUS',
  'XRC',
  'IMG',
  'CTH',
];

function kindOf({ obr }: OrderGroup, model: KnownModel | null): OrderKind {
  if (model !== null) return 'ai_analysis';
  if (obr === null) return 'medication';
  return imaging.includes(textAt(obr, 24)) ? 'imaging' : 'laboratory';
}

function noteOf({ others }: OrderGroup): string | null {
  const lines = others.filter(({ name }) => name === 'NTE').map((nte) => wholeText(nte, 3, rawField(nte, 3)).trim());
  const note = lines.filter((line) => line !== '' && line !== '""').join('\n');
  return note === '' ? null : note;
}

/** `jobId`: the placement alone names the job; what follows it need not know its content. */
type Versioned = { readonly contentDigest: string; readonly jobId: string | null; readonly step: 0 | 1 | 2 };

function eventOf(order: Described, type: OrderEvent['type'], content: Content, versioned: Versioned): OrderEvent {
  const { orc, obr } = order.group;
  const { origin, messageId, time } = order.context;
  const { kind, priority, code, note, specimen, orderingProvider, parentOrderId } = content;
  return {
    type,
    orderId: order.orderId,
    patientKey: order.patientKey,
    placerNumber: order.placer.number,
    placerAuthority: order.placer.authority,
    fillerNumber: valueAt(orc, 3) ?? (obr === null ? null : valueAt(obr, 3)),
    kind,
    priority,
    code,
    note,
    contentDigest: versioned.contentDigest,
    sourceVersion: sourceVersionOf(time, versioned.step),
    requestedBy: origin.requestedBy,
    requestedAt: origin.requestedAt,
    analysisJobId: versioned.jobId,
    messageId,
    specimen,
    orderingProvider,
    parentOrderId,
    specimenRejectReasons: [],
  };
}

const factOf = ({ patientKey, context }: Described, value: OrderEvent, ...parts: readonly string[]): Fact => ({
  topic: topics.orders,
  key: patientKey,
  value,
  envelope: envelopeOf(value.type, context.origin, ...parts),
});

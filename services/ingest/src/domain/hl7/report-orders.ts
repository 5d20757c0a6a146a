/**
 * What an ORU says of its orders beside their results (IHE LTW: ORC-5, OBR-25 and OBX-11 agree). In: the reports of a message; out: order events.
 *
 *   completed          OBR-25 F or C (ORC-5 CM where OBR-25 is empty), with results, and none of them still to come (OBX-11 P, R, S, I):
 *                      a preliminary or partial report closes nothing (facts 6.5)
 *   cancelled          OBR-25 X, or ORC-5 CA or DC, with no result that stands: the laboratory's own cancellation (facts 6.6)
 *   specimen rejected  SPM-21 in any report of the order; the order stands, unless it is cancelled as well
 *
 * All reports of one order in a message are judged together: one that is not final keeps it open. Where the three fields disagree the order is left
 * as it is; its results stand all the same.
 */
import { type OrderEvent, orderIdOf, topics } from '@clinstream/contracts';
import { type Segment, textAt } from '@clinstream/runtime/hl7';
import { envelopeOf } from '../publication.ts';
import { type Fact, type MappingContext, sourceVersionOf } from './mapped.ts';
import { rejectReasonsOf } from './specimens.ts';
import { codingsAt, type OrderNumber, orderNumberAt, parentNumberAt } from './values.ts';

/** One OBR and what belongs to it. */
export type Report = {
  readonly patientKey: string;
  readonly orc: Segment | null;
  readonly obr: Segment;
  readonly obxs: Segment[];
  readonly specimens: Segment[];
};

export type Numbers = {
  readonly placer: OrderNumber | null;
  readonly filler: OrderNumber | null;
  /** The placer number of the order this one was added to. */
  readonly parent: OrderNumber | null;
};

export function numbersOf({ orc, obr }: Pick<Report, 'orc' | 'obr'>, { channel, origin }: MappingContext): Numbers {
  const read = (field: number): OrderNumber | null =>
    orderNumberAt(obr, field, channel, origin.requestedBy) ??
    (orc === null ? null : orderNumberAt(orc, field, channel, origin.requestedBy));
  const parent = parentNumberAt(obr, 29, channel, origin.requestedBy);
  return { placer: read(2), filler: read(3), parent: parent ?? (orc && parentNumberAt(orc, 8, channel, origin.requestedBy)) };
}

export function orderFactsOf(reports: readonly Report[], context: MappingContext): readonly Fact[] {
  const byOrder = new Map<string, Report[]>();
  for (const report of reports) {
    const { placer } = numbersOf(report, context);
    // A report without the order's own number says nothing of the whole of an order.
    if (placer === null) continue;
    const orderId = orderIdOf(placer.authority, placer.number);
    byOrder.set(orderId, [...(byOrder.get(orderId) ?? []), report]);
  }
  return [...byOrder].flatMap(([orderId, ofOrder]) => factsOf(orderId, ofOrder, context));
}

function factsOf(orderId: string, reports: readonly Report[], context: MappingContext): readonly Fact[] {
  const [first] = reports;
  if (first === undefined) return [];
  const reasons = rejectReasonsOf(reports.flatMap(({ specimens }) => specimens));
  const ends = reports.map(endOf);
  const end = ends.every((one) => one === ends[0]) ? (ends[0] ?? null) : null;
  return [
    ...(reasons === null ? [] : [factOf(orderId, first, context, { type: 'OrderSpecimenRejected', reasons })]),
    ...(end === null ? [] : [factOf(orderId, first, context, { type: end, reasons: [] })]),
  ];
}

const toCome: readonly string[] = ['P', 'R', 'S', 'I'];
const standing: readonly string[] = ['F', 'C', 'A'];

function endOf({ orc, obr, obxs }: Report): 'OrderCompleted' | 'OrderCancelled' | null {
  const ofOrder = orc === null ? '' : textAt(orc, 5);
  const ofReport = textAt(obr, 25);
  const results = obxs.map((obx) => textAt(obx, 11));
  const stands = results.some((letter) => standing.includes(letter));
  if (ofReport === 'X' || ofOrder === 'CA' || ofOrder === 'DC') return stands ? null : 'OrderCancelled';
  const isFinal = ofReport === '' ? ofOrder === 'CM' : ['F', 'C'].includes(ofReport) && ['', 'CM'].includes(ofOrder);
  return isFinal && stands && !results.some((letter) => toCome.includes(letter)) ? 'OrderCompleted' : null;
}

type Saying = { readonly type: OrderEvent['type']; readonly reasons: readonly string[] };

function factOf(orderId: string, report: Report, context: MappingContext, { type, reasons }: Saying): Fact {
  const { origin, messageId, time } = context;
  const { placer, filler } = numbersOf(report, context);
  const [code = { code: '', system: '', display: null }] = codingsAt(report.obr, 4);
  const value: OrderEvent = {
    type,
    orderId,
    patientKey: report.patientKey,
    placerNumber: placer?.number ?? '',
    placerAuthority: placer?.authority ?? '',
    fillerNumber: filler?.number ?? null,
    kind: 'unknown',
    priority: 'unknown',
    code,
    note: null,
    contentDigest: '',
    sourceVersion: sourceVersionOf(time, 2),
    requestedBy: origin.requestedBy,
    requestedAt: origin.requestedAt,
    analysisJobId: null,
    messageId,
    specimen: null,
    orderingProvider: null,
    parentOrderId: null,
    specimenRejectReasons: reasons,
  };
  return { topic: topics.orders, key: report.patientKey, value, envelope: envelopeOf(type, origin, orderId, messageId) };
}

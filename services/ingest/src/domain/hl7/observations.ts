/**
 * ORU^R01: results and their corrections. In: a message of one or more patients; out: one observation event per OBX that carries a result, and what
 * it says of the orders themselves (report-orders.ts).
 * Identity of a result: filler number (placer's where there is none), its authority, OBX-3 and OBX-4. Two OBX of one message with the same
 * identity would silently replace each other: lines of one text are joined, anything else is refused (205).
 */
import { type ObservationEvent, type ObservationStatus, observationIdOf, orderIdOf, topics } from '@clinstream/contracts';
import { at, Hl7Fault, repetitionsOf, type Segment, textAt, valueAt } from '@clinstream/runtime/hl7';
import { envelopeOf } from '../publication.ts';
import { type Fact, type Mapped, type MappingContext, sourceVersionOf } from './mapped.ts';
import { patientKeyFrom } from './patient.ts';
import { numbersOf, orderFactsOf, type Report } from './report-orders.ts';
import { parseTime } from './time.ts';
import { codingsAt, observationValueOf } from './values.ts';

export function mapObservations(context: MappingContext): Mapped {
  const reports = reportsOf(context);
  const [first] = reports;
  if (first === undefined) throw new Hl7Fault(100, 'OBSERVATION_REQUEST_MISSING', at('OBR', 0));
  const events = reports.flatMap((report) => report.obxs.flatMap((obx) => eventOf(report, obx, context)));
  const results = joinTexts(events).map((event, i) => factOf(context, i, event));
  const facts = [...results, ...orderFactsOf(reports, context)];
  return { patientKey: first.patientKey, keys: [...new Set(reports.map((one) => one.patientKey))], facts, orders: [] };
}

function reportsOf({ message, channel }: MappingContext): readonly Report[] {
  const reports: Report[] = [];
  let patientKey: string | null = null;
  let orc: Segment | null = null;
  /** Null after a PID or ORC: what follows belongs to the next OBR, not to the last. */
  let report: Report | null = null;
  for (const segment of message.segments) {
    switch (segment.name) {
      case 'PID':
        patientKey = patientKeyFrom(segment, 3, channel);
        orc = report = null;
        break;
      case 'ORC':
        orc = segment;
        report = null;
        break;
      case 'OBR':
        report = reportOf(patientKey, orc, segment);
        reports.push(report);
        orc = null;
        break;
      case 'OBX':
        addTo(report, segment);
        break;
      case 'SPM':
        report?.specimens.push(segment);
    }
  }
  return reports;
}

function reportOf(patientKey: string | null, orc: Segment | null, obr: Segment): Report {
  if (patientKey === null) throw new Hl7Fault(101, 'PATIENT_ID_MISSING', at('PID', 3));
  return { patientKey, orc, obr, obxs: [], specimens: [] };
}

function addTo(report: Report | null, obx: Segment): void {
  if (report === null) throw new Hl7Fault(100, 'OBSERVATION_WITHOUT_REQUEST', at('OBX', 0, obx.occurrence));
  report.obxs.push(obx);
}

const statuses: Readonly<Record<string, ObservationStatus>> = {
  F: 'final',
  P: 'preliminary',
  R: 'preliminary',
  S: 'preliminary',
  C: 'corrected',
  A: 'amended',
  I: 'registered',
  X: 'cancelled',
  D: 'entered_in_error',
  W: 'entered_in_error',
};
/** No result and none to come: a description of the order, or a question that was not asked. */
const noResult: readonly string[] = ['O', 'N'];

type Draft = { readonly event: ObservationEvent; readonly obx: Segment };

function eventOf(report: Report, obx: Segment, context: MappingContext): readonly Draft[] {
  const letter = textAt(obx, 11);
  if (letter === '') throw new Hl7Fault(101, 'RESULT_STATUS_MISSING', at('OBX', 11, obx.occurrence));
  if (noResult.includes(letter)) return [];
  const status = statuses[letter];
  if (status === undefined) throw new Hl7Fault(103, 'RESULT_STATUS_UNSUPPORTED', at('OBX', 11, obx.occurrence));
  const [code] = codingsAt(obx, 3);
  if (code === undefined) throw new Hl7Fault(101, 'OBSERVATION_CODE_MISSING', at('OBX', 3, obx.occurrence));
  const { placer, filler, parent } = numbersOf(report, context);
  const ofOrder = placer ?? parent;
  const named = filler ?? placer;
  if (named === null) throw new Hl7Fault(101, 'ORDER_NUMBER_MISSING', at('OBR', 3, report.obr.occurrence));
  const subId = valueAt(obx, 4);
  const event: ObservationEvent = {
    type: typeOf(status),
    observationId: observationIdOf(named.authority, named.number, `${code.code}^${code.system}`, subId ?? ''),
    patientKey: report.patientKey,
    // A test the laboratory added names no order of its own, only the one it belongs to.
    orderId: ofOrder === null ? null : orderIdOf(ofOrder.authority, ofOrder.number),
    fillerNumber: filler?.number ?? null,
    code,
    subId,
    value: observationValueOf(obx),
    status,
    abnormalFlag: abnormalFlagOf(obx),
    referenceRange: valueAt(obx, 7),
    effectiveAt: effectiveAt(report.obr, obx, context),
    sourceVersion: sourceVersionOf(context.time, 0),
    messageId: context.messageId,
  };
  return [{ event, obx }];
}

function typeOf(status: ObservationStatus): ObservationEvent['type'] {
  if (status === 'corrected' || status === 'amended') return 'ObservationCorrected';
  return status === 'cancelled' || status === 'entered_in_error' ? 'ObservationWithdrawn' : 'ObservationReported';
}

/** OBX-8 may repeat. What calls for a person at once stands before what only says that something is unusual. */
function abnormalFlagOf(obx: Segment): string | null {
  const flags = repetitionsOf(obx, 8).map((_, i) => valueAt(obx, 8, { repetition: i + 1 }));
  return flags.find((flag) => flag === 'HH' || flag === 'LL') ?? flags[0] ?? null;
}

/** OBX-14, else the observation time of the request. A time that cannot be read is a fault: it orders a patient's history. */
function effectiveAt(obr: Segment, obx: Segment, { channel }: MappingContext): string | null {
  const [segment, field] = valueAt(obx, 14) === null ? ([obr, 7] as const) : ([obx, 14] as const);
  const text = valueAt(segment, field);
  if (text === null) return null;
  const time = parseTime(text, channel.zone);
  if (time === null) throw new Hl7Fault(102, 'TIME_UNREADABLE', at(segment.name, field, segment.occurrence));
  return time.iso;
}

const textTypes: readonly string[] = ['TX', 'FT', 'ST'];

function joinTexts(drafts: readonly Draft[]): readonly ObservationEvent[] {
  const byId = new Map<string, Draft>();
  for (const draft of drafts) {
    const before = byId.get(draft.event.observationId);
    byId.set(draft.event.observationId, before === undefined ? draft : joined(before, draft));
  }
  return [...byId.values()].map(({ event }) => event);
}

function joined(before: Draft, next: Draft): Draft {
  const isText = [before, next].every(({ event, obx }) => event.value.numeric === null && textTypes.includes(textAt(obx, 2)));
  if (!isText || before.event.status !== next.event.status || before.event.patientKey !== next.event.patientKey) {
    throw new Hl7Fault(205, 'OBSERVATION_NOT_DISTINCT', at('OBX', 4, next.obx.occurrence));
  }
  const text = `${before.event.value.text ?? ''}\n${next.event.value.text ?? ''}`;
  return { ...before, event: { ...before.event, value: { ...before.event.value, text } } };
}

const factOf = (context: MappingContext, index: number, value: ObservationEvent): Fact => ({
  topic: topics.observations,
  key: value.patientKey,
  value,
  envelope: envelopeOf(value.type, context.origin, context.messageId, String(index)),
});

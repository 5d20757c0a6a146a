/**
 * One order as OML^O21 of HL7 v2.5.1, as IHE PaLM LTW wants it: priority in TQ1 and nowhere else (OBR-5/6/8/15/22/27 and ORC-7 stay empty), PV1-2 `U`,
 * ORC-9 from the order itself. Pure and deterministic but for MSH-7, the time of sending: the same order, message number and content give the
 * same MSH-10. The patient is named by the parts of the patient key and nothing else; a national id never was one (facts 6.3).
 */
import { type Coding, deterministicId, type OrderState, type PatientState, parsePatientKey } from '@clinstream/contracts';
import { components, fieldText, messageText, segmentOf } from '@clinstream/runtime/hl7';
import type { LisChannel } from './channel.ts';
import type { Control } from './memo.ts';

export type Rendering = {
  readonly order: OrderState;
  readonly patient: PatientState | null;
  /** The order this one was added to, where it is known. */
  readonly parent: OrderState | null;
  readonly control: Control;
  readonly controlId: string;
  readonly fillerNumber: string | null;
  /** Of the wish a CA or DC carries. */
  readonly cancelVersion: number | null;
  readonly channel: LisChannel;
  /** Epoch milliseconds. */
  readonly now: number;
};

/** MSH-10 of 2.5.1 holds 20 characters. `settled` sets a later message of equal content apart from one that came to its end. */
export const controlIdOf = (orderId: string, settled: number, control: Control, digest: string): string =>
  deterministicId('lis-message', orderId, String(settled), control, digest).replaceAll('-', '').slice(0, 20);

/** The text, or null where the order's patient key names no patient: never a guess. */
export function renderOml(rendering: Rendering): string | null {
  const { order, channel, control } = rendering;
  const pid = patientSegment(rendering);
  if (pid === null) return null;
  const hasContent = control === 'NW' || control === 'XO';
  return messageText([
    headerSegment(rendering),
    pid,
    segmentOf('PV1', { 1: '1', 2: 'U' }),
    orderSegment(rendering),
    ...(hasContent ? [segmentOf('TQ1', { 1: '1', 9: priorityCode(order, channel) })] : []),
    requestSegment(rendering),
    ...(hasContent && order.note !== null ? [segmentOf('NTE', { 1: '1', 2: 'P', 3: fieldText(order.note) })] : []),
    ...(hasContent ? urgentSegment(order, channel) : []),
    ...(hasContent ? specimenSegment(order) : []),
  ]);
}

const acknowledgements: Readonly<Record<LisChannel['acknowledgement'], readonly [accept: string, application: string]>> = {
  original: ['', ''],
  commit: ['AL', 'NE'],
  both: ['AL', 'AL'],
};

function headerSegment({ channel, controlId, now }: Rendering): string {
  const [accept, application] = acknowledgements[channel.acknowledgement];
  return segmentOf('MSH', {
    3: fieldText(channel.sendingApplication),
    4: fieldText(channel.sendingFacility),
    5: fieldText(channel.receivingApplication),
    6: fieldText(channel.receivingFacility),
    7: stampOf(now),
    9: 'OML^O21^OML_O21',
    10: controlId,
    11: channel.processingId,
    12: '2.5.1',
    15: accept,
    16: application,
    18: channel.charset,
  });
}

function patientSegment({ order, patient, channel }: Rendering): string | null {
  const identity = parsePatientKey(order.patientKey);
  if (identity === null) return null;
  const { familyName = null, givenName = null, birthDate = null, sex = null } = patient?.demographics ?? {};
  const isNamed = (familyName ?? givenName) !== null;
  return segmentOf('PID', {
    1: '1',
    3: components(identity.id, null, null, identity.authority, channel.patientIdType, identity.facility),
    // Required; a name of type U says that we know none.
    5: isNamed ? components(familyName, givenName, null, null, null, null, 'L') : '^^^^^^U',
    7: (birthDate ?? '').replaceAll('-', ''),
    8: fieldText(sex ?? ''),
  });
}

/** The namespace is what stands behind the facility in the placer's authority. */
function placerOf({ placerNumber, placerAuthority }: OrderState): string {
  const bar = placerAuthority.indexOf('|');
  return components(placerNumber, bar < 0 ? placerAuthority : placerAuthority.slice(bar + 1));
}

/** ORC-8 and OBR-29: the placer's half of the parent's numbers. */
function parentOf({ parent }: Rendering): string {
  if (parent === null) return '';
  return placerOf(parent).replaceAll('^', '&');
}

/** As the laboratory wrote it: the number alone, its namespace is its own. */
const fillerOf = ({ fillerNumber }: Rendering): string => fieldText(fillerNumber ?? '');

const providerOf = ({ orderingProvider }: OrderState, channel: LisChannel): string =>
  orderingProvider === null
    ? fieldText(channel.unknownProvider)
    : components(orderingProvider.id, ...Array<null>(7).fill(null), orderingProvider.authority);

function orderSegment(rendering: Rendering): string {
  const { order, control, cancelVersion, channel } = rendering;
  return segmentOf('ORC', {
    1: control,
    2: placerOf(order),
    3: fillerOf(rendering),
    8: parentOf(rendering),
    9: stampOf(cancelVersion ?? order.requestedAt),
    12: providerOf(order, channel),
  });
}

function requestSegment(rendering: Rendering): string {
  const { order, channel } = rendering;
  return segmentOf('OBR', {
    1: '1',
    2: placerOf(order),
    3: fillerOf(rendering),
    4: codingOf(order.code),
    16: providerOf(order, channel),
    29: parentOf(rendering),
  });
}

/** Table 0396 has its own names for the systems FHIR names by URI. */
const systems: ReadonlyMap<string, string> = new Map([
  ['http://loinc.org', 'LN'],
  ['http://snomed.info/sct', 'SCT'],
]);
const codingOf = ({ code, display, system }: Coding): string => components(code, display, systems.get(system) ?? system);

/** Table 0485. Urgent has no code: one agreed with the laboratory, and never A, which is asap (facts 6.9). */
function priorityCode({ priority }: OrderState, { urgent }: LisChannel): string {
  switch (priority) {
    case 'stat':
      return 'S';
    case 'asap':
      return 'A';
    case 'urgent':
      return urgent?.code ?? '';
    case 'routine':
      return 'R';
    case 'unknown':
      return '';
  }
}

const urgentSegment = ({ priority }: OrderState, { urgent }: LisChannel): readonly string[] =>
  priority === 'urgent' && urgent !== null ? [segmentOf(urgent.segment, { [urgent.field]: 'urgent' })] : [];

/** SPM-4 is required: a specimen of which nobody knows the kind is not described. */
function specimenSegment({ specimen }: OrderState): readonly string[] {
  if (specimen === null || specimen.code === null) return [];
  return [
    segmentOf('SPM', {
      1: '1',
      2: fieldText(specimen.id ?? ''),
      4: codingOf(specimen.code),
      17: timeOf(specimen.collectedAt ?? ''),
    }),
  ];
}

/** ISO 8601 to the same time, as precise, in HL7's form. */
function timeOf(iso: string): string {
  const [, date = '', time = '', fraction = '', offset = ''] =
    /^(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:T(\d\d:\d\d(?::\d\d)?)(\.\d{1,4})?\d*(Z|[+-]\d\d:\d\d)?)?$/.exec(iso) ?? [];
  const zone = offset === 'Z' ? '+0000' : offset.replace(':', '');
  return `${date.replaceAll('-', '')}${time.replaceAll(':', '')}${fraction}${zone}`;
}

/** UTC with its offset, so that no reader needs to know our zone. */
const stampOf = (epochMs: number): string => `${new Date(epochMs).toISOString().replace(/[-:T]/g, '').slice(0, 18)}+0000`;

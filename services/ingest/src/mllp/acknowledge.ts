/**
 * The answer to a message (facts 6.1, 4.1). In: the header as it stands on the wire and what became of the message; out: the messages to send,
 * each whole, possibly none. Pure: the time is an argument, and the answer's own control id follows from the message's.
 *
 * Original mode (MSH-15 and MSH-16 empty): one application answer, AA, AE or AR. Enhanced mode: a commit answer, CA, CE or CR, as MSH-15 wishes,
 * and after CA an application answer of its own as MSH-16 wishes. Whatever is repeated from the message is repeated byte for byte (Latin-1
 * strings); all else is ASCII. So the answer needs no encoding and its MSH-18 is the sender's.
 */
import {
  conditions,
  escapeText,
  type Fault,
  rawField,
  type Segment,
  type Separators,
  standardSeparators,
  textAt,
} from '@clinstream/runtime/hl7';
import { type AnswerWish, type Header, isEnhanced, type Version, versionOf } from '../domain/hl7/header.ts';

export type Verdict =
  /** Taken: every event confirmed, the message kept. */
  | { readonly kind: 'accepted' }
  /** Its content is at fault: it can never work as it is. */
  | { readonly kind: 'refused'; readonly fault: Fault }
  /** Taken, but orders in it were not (facts 6.7). */
  | { readonly kind: 'partly'; readonly fault: Fault }
  /** We could not make it durable: the same message may come again. */
  | { readonly kind: 'unconfirmed' };

/** What an order message is told of each of its orders: ORC-1, beside the sender's own segments. */
export type OrderAnswers = {
  readonly pid: Segment | null;
  readonly orders: readonly { readonly control: string; readonly orc: Segment; readonly detail: Segment | null }[];
};

export type AnswerInput = {
  readonly wireHeader: Segment | null;
  readonly header: Header;
  readonly verdict: Verdict;
  readonly orders: OrderAnswers | null;
  readonly messageId: string;
  readonly now: Date;
  /** Orders are answered by ORL or ORR; some senders want a plain ACK. */
  readonly orderAnswers: 'response' | 'ack';
};

export type Answer = {
  /** MSA-1 of the answer that counts, also when the sender wished for none. */
  readonly code: string;
  readonly messages: readonly Buffer[];
};

type Level = 'application' | 'commit';
const internalError: Fault = { condition: 207, code: 'NOT_CONFIRMED', location: { segment: 'MSH', occurrence: 1, field: 0 } };

/** Message type, event, processing id or version we do not take: rejected, not in error. */
const isReject = (fault: Fault): boolean => fault.condition >= 200 && fault.condition <= 203;

function codeOf(verdict: Verdict, level: Level): string {
  switch (verdict.kind) {
    case 'accepted':
      return level === 'commit' ? 'CA' : 'AA';
    case 'refused':
      return level === 'commit' ? 'CR' : isReject(verdict.fault) ? 'AR' : 'AE';
    case 'partly':
      return level === 'commit' ? 'CA' : 'AE';
    case 'unconfirmed':
      return level === 'commit' ? 'CE' : 'AR';
  }
}

const faultOf = (verdict: Verdict): Fault | null =>
  verdict.kind === 'accepted' ? null : verdict.kind === 'unconfirmed' ? internalError : verdict.fault;

export function answerTo(input: AnswerInput): Answer {
  const { header, verdict } = input;
  if (!isEnhanced(header)) return { code: codeOf(verdict, 'application'), messages: [applicationAnswer(input)] };
  const wantsApplication = isWished(header.applicationAcknowledgement, verdict);
  // A refusal inside an accepted message can only be said in an application answer; who wants none is told by CR.
  const committed: Verdict = verdict.kind === 'partly' && !wantsApplication ? { kind: 'refused', fault: verdict.fault } : verdict;
  const commit = isWished(header.acceptAcknowledgement, committed) ? [commitAnswer(input, committed)] : [];
  const isTaken = committed.kind === 'accepted' || committed.kind === 'partly';
  const application = wantsApplication && (isTaken || commit.length === 0) ? [applicationAnswer(input)] : [];
  return { code: codeOf(committed, 'commit'), messages: [...commit, ...application] };
}

/** Of one of two wishes given, the other left out means never. */
function isWished(wish: AnswerWish, verdict: Verdict): boolean {
  const isGood = verdict.kind === 'accepted';
  return wish === 'AL' || (wish === 'ER' && !isGood) || (wish === 'SU' && isGood);
}

const commitAnswer = (input: AnswerInput, verdict: Verdict): Buffer =>
  compose(input, { type: 'ACK', code: codeOf(verdict, 'commit'), fault: faultOf(verdict), orders: null, suffix: 'c' });

function applicationAnswer(input: AnswerInput): Buffer {
  const response = input.orderAnswers === 'response' ? orderResponses[input.header.messageType] : undefined;
  const isResponse = response !== undefined && input.verdict.kind !== 'unconfirmed' && !isRejected(input.verdict);
  const code = codeOf(input.verdict, 'application');
  const fault = faultOf(input.verdict);
  return compose(
    input,
    isResponse
      ? { ...response, code, fault, orders: input.orders, suffix: 'a' }
      : { type: 'ACK', code, fault, orders: null, suffix: 'a' },
  );
}

const isRejected = (verdict: Verdict): boolean => verdict.kind === 'refused' && isReject(verdict.fault);

const orderResponses: Readonly<Record<string, { readonly type: string; readonly event: string }>> = {
  OML: { type: 'ORL', event: 'O22' },
  ORM: { type: 'ORR', event: 'O02' },
};

type Parts = {
  readonly type: string;
  readonly event?: string;
  readonly code: string;
  readonly fault: Fault | null;
  readonly orders: OrderAnswers | null;
  /** Two answers to one message need two control ids. */
  readonly suffix: string;
};

function compose(input: AnswerInput, parts: Parts): Buffer {
  const form: Form = {
    separators: input.wireHeader?.separators ?? standardSeparators,
    version: versionOf(input.header.version) ?? 'modern',
  };
  const segments = [
    headerSegment(input, parts, form),
    acknowledgementSegment(input, parts, form),
    ...(parts.fault === null ? [] : [errorSegment(parts.fault, form)]),
    ...orderSegments(parts.orders),
  ];
  const text = segments.map((fields) => `${join(fields, form.separators.field)}\r`).join('');
  // What is repeated must not end our own frame.
  return Buffer.from(text.replaceAll('\u000b', '').replaceAll('\u001c', ''), 'latin1');
}

/** How the peer writes: its separators, and what its version can say. */
type Form = { readonly separators: Separators; readonly version: Version };

function headerSegment(
  { wireHeader, header, messageId, now }: AnswerInput,
  parts: Parts,
  { separators, version }: Form,
): string[] {
  const raw = (field: number): string => (wireHeader === null ? '' : rawField(wireHeader, field));
  const sentEvent = wireHeader === null ? '' : escapeText(textAt(wireHeader, 9, { component: 2 }), separators);
  const structure = parts.event === undefined ? 'ACK' : `${parts.type}_${parts.event}`;
  const types = [parts.type, parts.event ?? sentEvent, ...(version === 'old' ? [] : [structure])];
  const encoding = [separators.component, separators.repetition, separators.escape, separators.subcomponent].join('');
  return [
    'MSH',
    encoding,
    ...[raw(5), raw(6), raw(3), raw(4)],
    stamp(now),
    '',
    join(
      types.filter((part) => part !== ''),
      separators.component,
    ),
    // Control ids of 2.3 and 2.4 hold 20 characters.
    `${messageId.replaceAll('-', '').slice(0, 19)}${parts.suffix}`,
    raw(11) || 'P',
    versionOf(header.version) === null ? '2.5.1' : raw(12),
    ...['', '', '', '', '', raw(18)],
  ];
}

function acknowledgementSegment({ wireHeader }: AnswerInput, { code, fault }: Parts, { separators, version }: Form): string[] {
  const controlId = wireHeader === null ? '' : rawField(wireHeader, 10);
  if (version === 'modern' || fault === null) return ['MSA', code, controlId];
  return ['MSA', code, controlId, escapeText(fault.code, separators), '', '', conditionText(fault, separators.component)];
}

function errorSegment(fault: Fault, { separators, version }: Form): string[] {
  const { segment, occurrence, field } = fault.location;
  const place = [segment, String(occurrence), field === 0 ? '' : String(field)];
  if (version === 'modern') {
    const condition = conditionText(fault, separators.component);
    return ['ERR', '', join(place, separators.component), condition, 'E', escapeText(fault.code, separators)];
  }
  return ['ERR', join([...place, conditionText(fault, separators.subcomponent || ' ')], separators.component)];
}

/** As little as ORL and ORR must have: who, which number, what was asked. ORC-7 is required in 2.3. */
function orderSegments(answers: OrderAnswers | null): readonly (readonly string[])[] {
  if (answers === null) return [];
  const { pid, orders } = answers;
  const patient = pid === null ? [] : [['PID', rawField(pid, 1), '', rawField(pid, 3), '', rawField(pid, 5)]];
  const each = orders.flatMap(({ control, orc, detail }) => {
    const common = ['ORC', control, rawField(orc, 2), rawField(orc, 3), '', '', '', rawField(orc, 7)];
    return detail === null ? [common] : [common, detail.name === 'OBR' ? detail.fields.slice(0, 5) : detail.fields];
  });
  return [...patient, ...each];
}

const conditionText = ({ condition }: Fault, separator: string): string =>
  join([String(condition), conditions[condition], 'HL70357'], separator);

const join = (parts: readonly string[], separator: string): string => parts.join(separator).replace(trailing(separator), '');

/** Empty fields at the end say nothing. */
const trailing = (separator: string): RegExp => new RegExp(`(?:${separator.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')})+$`);

/** UTC with its offset, so that no reader needs to know our zone. */
function stamp(now: Date): string {
  return `${now.toISOString().replace(/[-:T]/g, '').slice(0, 18)}+0000`;
}

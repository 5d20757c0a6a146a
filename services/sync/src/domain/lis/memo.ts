/**
 * What the ledger keeps for us between deliveries. Two notes of different weight:
 *   LisMemo      what the laboratory told us it knows (stored with a verdict)
 *   LisSending   a message that was about to leave, byte for byte (stored in an intent before its first byte leaves)
 *   LisEffect    what an answer means for the order, stored before it is published
 * A message is unanswered while no answer was counted after it was stored. Pure; whatever is stored, something sound comes back.
 */

export type Control = 'NW' | 'XO' | 'CA' | 'DC';
const controls: readonly Control[] = ['NW', 'XO', 'CA', 'DC'];

/** placed: it has the order. cancelled: it told us that it ended the order. */
export type Known = 'nothing' | 'placed' | 'cancelled';

export type LisMemo = {
  readonly known: Known;
  /** Of the content it took last. */
  readonly digest: string | null;
  /** The wish to cancel that it refused, or took without cancelling yet: that very wish is not repeated. */
  readonly cancelAnswered: number | null;
  readonly fillerNumber: string | null;
  /** Messages that came to an end, well or badly; part of the next control id. One turned away for now has not: it goes again under its id. */
  readonly settled: number;
  /** Answers we know, those that turned a message away for now among them. */
  readonly answers: number;
  /** The message it refused for good: not sent again until a person asks or the order changes. */
  readonly refused: Refusal | null;
};

export type Refusal = {
  readonly control: Control;
  readonly digest: string;
  readonly outcome: 'rejected' | 'needs_review';
  readonly code: string;
  readonly acknowledgement: string | null;
};

export type LisSending = {
  readonly control: Control;
  readonly controlId: string;
  readonly digest: string;
  /** The wish a CA or DC carries. */
  readonly cancelVersion: number | null;
  /** Of the message as framed, base64. */
  readonly bytes: string;
  /** `answers` when it was stored: equal still means that its own answer is not among them. */
  readonly answers: number;
};

export type LisEffect = {
  readonly type: 'OrderCancelled' | 'OrderCancelRefused';
  readonly version: number;
  readonly fillerNumber: string | null;
};

export const emptyMemo: LisMemo = {
  known: 'nothing',
  digest: null,
  cancelAnswered: null,
  fillerNumber: null,
  settled: 0,
  answers: 0,
  refused: null,
};

/** The newer of what the last verdict and the last intent say; the intent's may be ahead after a crash. */
export function readMemo(verdict: unknown, intent: unknown): LisMemo {
  const [told, meant] = [memoFrom(verdict), memoFrom(member(intent, 'memo'))];
  return meant.answers > told.answers ? meant : told;
}

/** The message of which no answer is known, or null. */
export function unansweredOf(intent: unknown, memo: LisMemo): LisSending | null {
  const sending = member(intent, 'sending');
  const control = controls.find((one) => one === member(sending, 'control'));
  const controlId = textOf(member(sending, 'controlId'));
  const bytes = textOf(member(sending, 'bytes'));
  const answers = numberOf(member(sending, 'answers'));
  if (control === undefined || controlId === null || bytes === null || answers === null || answers < memo.answers) return null;
  const digest = textOf(member(sending, 'digest')) ?? '';
  return { control, controlId, bytes, digest, cancelVersion: numberOf(member(sending, 'cancelVersion')), answers };
}

/** The last message as it left, answered or not: what was turned away goes again as it was. */
export const lastSendingOf = (intent: unknown): LisSending | null => unansweredOf(intent, { ...emptyMemo, answers: 0 });

/** What an answer meant and was perhaps not published yet. */
export function effectOf(intent: unknown): LisEffect | null {
  const effect = member(intent, 'effect');
  const type = member(effect, 'type');
  const version = numberOf(member(effect, 'version'));
  if ((type !== 'OrderCancelled' && type !== 'OrderCancelRefused') || version === null) return null;
  return { type, version, fillerNumber: textOf(member(effect, 'fillerNumber')) };
}

function memoFrom(json: unknown): LisMemo {
  const known = member(json, 'known');
  return {
    known: known === 'placed' || known === 'cancelled' ? known : 'nothing',
    digest: textOf(member(json, 'digest')),
    cancelAnswered: numberOf(member(json, 'cancelAnswered')),
    fillerNumber: textOf(member(json, 'fillerNumber')),
    settled: numberOf(member(json, 'settled')) ?? 0,
    answers: numberOf(member(json, 'answers')) ?? 0,
    refused: refusalFrom(member(json, 'refused')),
  };
}

function refusalFrom(json: unknown): Refusal | null {
  const control = controls.find((one) => one === member(json, 'control'));
  const digest = textOf(member(json, 'digest'));
  const code = textOf(member(json, 'code'));
  if (control === undefined || digest === null || code === null) return null;
  const outcome = member(json, 'outcome') === 'rejected' ? 'rejected' : 'needs_review';
  return { control, digest, outcome, code, acknowledgement: textOf(member(json, 'acknowledgement')) };
}

const member = (json: unknown, name: string): unknown =>
  typeof json === 'object' && json !== null && Object.hasOwn(json, name) ? (json as Record<string, unknown>)[name] : null;
const textOf = (json: unknown): string | null => (typeof json === 'string' ? json : null);
const numberOf = (json: unknown): number | null => (typeof json === 'number' && Number.isFinite(json) ? json : null);

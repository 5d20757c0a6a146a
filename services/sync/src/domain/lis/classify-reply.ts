/**
 * What an answer means for the message it answers (facts 6.1, 6.6, 6.7). In: the reply and what was sent; out: one meaning. Pure.
 *
 * The order of the rules: an answer from another environment or about another order is never believed; then ERR-3 207 and 206 (not now) and
 * 205 (number known); then what ORC-1 says of the order; then any other condition; then the acknowledgement code alone. A positive acknowledgement
 * without ORC-1 means that the *request* was taken: an order is cancelled only when the laboratory says so in so many words.
 */
import type { AnswerRule, LisChannel } from './channel.ts';
import type { Control } from './memo.ts';
import type { OrderReply, Reply } from './read-reply.ts';

export type Meaning =
  /** NW and XO: it has the order as sent. CA and DC: it took the wish, the cancellation itself is still to come. */
  | { readonly kind: 'accepted'; readonly fillerNumber: string | null }
  /** It ended the order. */
  | { readonly kind: 'cancelled'; readonly fillerNumber: string | null }
  /** It will not cancel. */
  | { readonly kind: 'cancel_refused' }
  /** It has an order under our number: ours, if it was sent before. */
  | { readonly kind: 'number_known' }
  /** Not now: the same again, a bounded number of times. */
  | { readonly kind: 'retry'; readonly code: LisAnswerCode }
  /** Never as it is. */
  | { readonly kind: 'park'; readonly code: LisAnswerCode; readonly isUnknownOrder: boolean }
  /** It cannot be believed or understood; what happened there is unknown. */
  | { readonly kind: 'doubtful'; readonly code: LisAnswerCode };

export type LisAnswerCode =
  | 'LIS_NOT_NOW'
  | 'LIS_REFUSED_MESSAGE'
  | 'LIS_REFUSED_ORDER'
  | 'LIS_REFUSED_AMENDMENT'
  | 'LIS_ANSWER_OTHER_ORDER'
  | 'LIS_ANSWER_OTHER_ENVIRONMENT'
  | 'LIS_ANSWER_UNEXPECTED';

export type Asked = { readonly control: Control; readonly placerNumber: string };

export function classifyReply(reply: Reply, asked: Asked, channel: Pick<LisChannel, 'processingId' | 'answers'>): Meaning {
  if (reply.processingId !== '' && reply.processingId !== channel.processingId) {
    return { kind: 'doubtful', code: 'LIS_ANSWER_OTHER_ENVIRONMENT' };
  }
  const order = orderIn(reply, asked);
  if (order === 'other') return { kind: 'doubtful', code: 'LIS_ANSWER_OTHER_ORDER' };
  const isPositive = reply.code === 'AA' || reply.code === 'CA';
  if (isPositive) return order === null ? { kind: 'accepted', fillerNumber: null } : meaningOf(order, asked, true);
  return negativeMeaning(reply, order, asked, channel.answers);
}

/** The one about our number; the only one where it names none. */
function orderIn({ orders }: Reply, { placerNumber }: Asked): OrderReply | 'other' | null {
  const [first] = orders;
  if (first === undefined) return null;
  const ours = orders.find((order) => order.placerNumber === placerNumber);
  if (ours !== undefined) return ours;
  return orders.length === 1 && first.placerNumber === null ? first : 'other';
}

const isCancel = ({ control }: Asked): boolean => control === 'CA' || control === 'DC';

const accepting: Readonly<Record<Control, readonly string[]>> = {
  NW: ['OK', 'NA', 'SC', 'SN'],
  XO: ['XR', 'OK', 'XX', 'SC'],
  CA: ['OK', 'SC'],
  DC: ['OK', 'SC'],
};
/** As we asked, or of its own accord. */
const cancelling: readonly string[] = ['CR', 'DR', 'OC', 'OD'];
const refusing: readonly string[] = ['UA', 'UX', 'UC', 'UD', 'UM', 'UR', 'DE'];

/** What ORC-1 says (table 0119). */
function meaningOf(order: OrderReply, asked: Asked, isPositive: boolean): Meaning {
  const { control, fillerNumber, status } = order;
  const isCancelled = cancelling.includes(control) || (control === 'SC' && ['CA', 'DC'].includes(status));
  if (isPositive && isCancelled) return { kind: 'cancelled', fillerNumber };
  if (refusing.includes(control)) return refusal(asked, false);
  if (isPositive && (control === '' || accepting[asked.control].includes(control))) return { kind: 'accepted', fillerNumber };
  return { kind: 'doubtful', code: 'LIS_ANSWER_UNEXPECTED' };
}

function refusal(asked: Asked, isUnknownOrder: boolean): Meaning {
  if (isCancel(asked)) return { kind: 'cancel_refused' };
  return { kind: 'park', code: asked.control === 'NW' ? 'LIS_REFUSED_ORDER' : 'LIS_REFUSED_AMENDMENT', isUnknownOrder };
}

function negativeMeaning(reply: Reply, order: OrderReply | null, asked: Asked, rules: LisChannel['answers']): Meaning {
  const { conditions, code } = reply;
  const [condition] = conditions;
  const rule = ruleFor(reply, rules);
  const isUnknownOrder = conditions.includes(204);
  if (rule === undefined && conditions.includes(205) && asked.control === 'NW') return { kind: 'number_known' };
  if (rule === undefined && conditions.some((one) => one === 206 || one === 207)) return { kind: 'retry', code: 'LIS_NOT_NOW' };
  if (order !== null && refusing.includes(order.control)) return refusal(asked, isUnknownOrder);
  const byCode: AnswerRule = condition === undefined && (code === 'CE' || code === 'AR') ? 'retry' : 'park';
  return (rule ?? byCode) === 'retry'
    ? { kind: 'retry', code: 'LIS_NOT_NOW' }
    : { kind: 'park', code: 'LIS_REFUSED_MESSAGE', isUnknownOrder };
}

/** What the channel agreed otherwise: for a condition, or for a code that came without any. */
function ruleFor({ conditions, code }: Reply, rules: LisChannel['answers']): AnswerRule | undefined {
  const named = conditions.map((condition) => rules[String(condition)]).find((rule) => rule !== undefined);
  return named ?? (conditions.length === 0 ? rules[code] : undefined);
}

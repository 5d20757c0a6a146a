/**
 * What the laboratory must be told next about one order (facts 6.6). In: the order as it is now, what the laboratory knows; out: one message or none.
 * Pure. However many events led here, only the difference between the two counts: a cancellation that overtakes its order sends nothing at all.
 *
 *   known \ order   active            cancel requested          cancelled, completed
 *   nothing         NW                nothing: ends here        nothing
 *   placed          XO if it differs  CA (DC once work began)   nothing: it knows
 *   cancelled       nothing           nothing                   nothing
 */
import { type OrderState, sha256 } from '@clinstream/contracts';
import type { LisChannel } from './channel.ts';
import type { Control, LisMemo, LisSending } from './memo.ts';

export type Situation = {
  readonly order: OrderState;
  readonly memo: LisMemo;
  /** Results of this order are known: the laboratory has begun, and it has the order. */
  readonly hasResults: boolean;
  /** The patient was merged into another: the id we would send is retired. */
  readonly isRetiredPatient: boolean;
  /** A person asked for it: said again although it stands there. */
  readonly force: boolean;
};

export type Decision =
  | { readonly kind: 'send'; readonly control: Control; readonly digest: string; readonly cancelVersion: number | null }
  /** The laboratory never heard of it: cancelled at once, by us. */
  | { readonly kind: 'cancel_here'; readonly cancelVersion: number }
  /** It knows all there is to know. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'held'; readonly code: 'LIS_NOT_AN_ORDER' | 'LIS_ORDER_NOT_PLACED' | 'LIS_ORDER_CANCELLED' }
  | { readonly kind: 'needs_review'; readonly code: 'LIS_PRIORITY_UNKNOWN' | 'LIS_URGENT_NOT_AGREED' | 'LIS_PATIENT_MERGED' };

export function decideMessage(situation: Situation, channel: Pick<LisChannel, 'urgent'>): Decision {
  const { order, memo } = situation;
  if (order.kind !== 'laboratory') return { kind: 'held', code: 'LIS_NOT_AN_ORDER' };
  if (!order.placed) return { kind: 'held', code: 'LIS_ORDER_NOT_PLACED' };
  switch (order.status) {
    case 'pending':
      return { kind: 'held', code: 'LIS_ORDER_NOT_PLACED' };
    case 'cancelled':
      return memo.known === 'nothing' ? { kind: 'held', code: 'LIS_ORDER_CANCELLED' } : { kind: 'unchanged' };
    case 'completed':
      return { kind: 'unchanged' };
    case 'cancel_requested':
      return decideCancel(situation, order.cancelRequestedVersion ?? 0);
    case 'active':
      return memo.known === 'cancelled' ? { kind: 'unchanged' } : decideContent(situation, channel);
  }
}

function decideCancel({ memo, hasResults, force, order }: Situation, cancelVersion: number): Decision {
  if (memo.known === 'nothing' && !hasResults) return { kind: 'cancel_here', cancelVersion };
  if (memo.known === 'cancelled') return { kind: 'unchanged' };
  if (memo.cancelAnswered !== null && memo.cancelAnswered >= cancelVersion && !force) return { kind: 'unchanged' };
  const control = hasResults ? 'DC' : 'CA';
  return { kind: 'send', control, digest: sha256(JSON.stringify([order.orderId, 'cancel', cancelVersion])), cancelVersion };
}

function decideContent(situation: Situation, channel: Pick<LisChannel, 'urgent'>): Decision {
  const { order, memo, force, isRetiredPatient } = situation;
  const digest = contentDigestOf(order);
  const isPlaced = memo.known === 'placed';
  if (isPlaced && memo.digest === digest && !force) return { kind: 'unchanged' };
  // A code we did not understand is not routine, and "urgent" has no code of its own (facts 6.9).
  if (order.priority === 'unknown') return { kind: 'needs_review', code: 'LIS_PRIORITY_UNKNOWN' };
  if (order.priority === 'urgent' && channel.urgent === null) return { kind: 'needs_review', code: 'LIS_URGENT_NOT_AGREED' };
  if (isRetiredPatient && !isPlaced) return { kind: 'needs_review', code: 'LIS_PATIENT_MERGED' };
  return { kind: 'send', control: isPlaced ? 'XO' : 'NW', digest, cancelVersion: null };
}

/** What the laboratory would have to know anew. Not who asked or when: a renewed message with equal content changes nothing (facts 6.2). */
export const contentDigestOf = ({ orderId, priority, code, note, specimen, orderingProvider }: OrderState): string =>
  sha256(
    JSON.stringify([
      orderId,
      priority,
      [code.code, code.system],
      note,
      specimen === null ? null : [specimen.id, specimen.code?.code ?? null, specimen.code?.system ?? null, specimen.collectedAt],
      orderingProvider === null ? null : [orderingProvider.id, orderingProvider.authority],
    ]),
  );

/** Something else tells that a message nobody answered arrived: results come for the order, or the laboratory ended it. */
export const isProvenBy = (sending: LisSending, { order, hasResults }: Pick<Situation, 'order' | 'hasResults'>): boolean => {
  if (sending.control === 'NW') return hasResults || order.status === 'completed' || order.status === 'cancelled';
  return (sending.control === 'CA' || sending.control === 'DC') && order.status === 'cancelled';
};

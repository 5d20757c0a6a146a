/** One order to the laboratory, or its cancellation. In: the order as it stands and what the ledger knows; out: a verdict. Reads like the decision it is. */
import { deterministicId, type OrderState } from '@clinstream/contracts';
import type { DeliveryContext, JsonObject, Verdict, Work } from '../../delivery/target.ts';
import { contentDigestOf } from '../../domain/lis/decide-message.ts';
import { orderEventOf } from '../../domain/lis/order-event.ts';
import type { Cancelled, LisClient, Refusal } from './client.ts';
import type { OrderAnswer } from './contract.ts';
import type { LisRestCode } from './errors.ts';
import { amendmentOf, contentOf, digestOf, registrationOf, testIdOf } from './render.ts';

export async function deliverOrder(
  work: Work,
  deps: Pick<Step, 'client' | 'context' | 'now' | 'takesAmendments'>,
): Promise<Verdict> {
  if (work.subject.kind !== 'order') return { outcome: 'held', code: 'LIS_NOT_AN_ORDER' };
  const order = work.subject.state;
  const known = memoOf(work.delivered?.memo ?? null);
  switch (order.status) {
    case 'pending':
      return { outcome: 'held', code: 'LIS_ORDER_NOT_PLACED' };
    case 'cancelled':
    case 'completed':
      return known === null ? { outcome: 'held', code: 'LIS_ORDER_ENDED' } : unchanged(order, known, work);
    case 'cancel_requested':
      return cancel({ work, order, known, ...deps });
    case 'active':
      return content({ work, order, known, ...deps });
  }
}

function content(step: Step): Verdict | Promise<Verdict> {
  const { work, order, known } = step;
  if (known !== null && !work.force && contentThere(step) === contentDigestOf(order)) return unchanged(order, known, work);
  // A code we did not understand is not routine (facts 6.9), and a retired patient is not registered anew (facts 6.4).
  if (order.priority === 'unknown') return needsReview('LIS_PRIORITY_UNKNOWN');
  if (known !== null && (step.takesAmendments || !work.force)) return amend(step, known.lisId);
  if (known === null && (work.related.patient?.mergedInto ?? null) !== null) return needsReview('LIS_PATIENT_MERGED');
  return place(step);
}

type Step = {
  readonly work: Work;
  readonly order: OrderState;
  readonly known: Memo | null;
  readonly client: LisClient;
  readonly context: DeliveryContext;
  readonly now: number;
  /** The laboratory says that it does. */
  readonly takesAmendments: boolean;
};

/** Facts 6.6. The whole content, so that it may be sent again; every content of an order under a key of its own. */
async function amend({ work, order, client, context, takesAmendments }: Step, lisId: string): Promise<Verdict> {
  if (!takesAmendments) return needsReview('LIS_AMENDMENT_UNSUPPORTED');
  await context.intend(work, intentOf(order));
  const key = deterministicId('lis-amend', order.orderId, String(order.contentVersion));
  const answer = await client.amendOrder(lisId, amendmentOf(order), key, context.signal);
  if (answer.kind === 'unknown') return needsReview('LIS_ORDER_UNKNOWN', String(answer.status));
  return answer.kind === 'refused' ? refused(answer) : placed(order, lisId, String(answer.status), true);
}

/** The content that leaves is noted: should nobody hear how it ended, and the order be amended meanwhile, it is what the laboratory may have. */
const intentOf = (order: OrderState) => ({ digest: digestOf(order), memo: { contentDigest: contentDigestOf(order) } });

/**
 * Digest of the content the laboratory has of it: what it accepted, or what left it and nobody knows how that ended. The one of now only where it
 * can be no other.
 */
function contentThere({ work, order, known }: Pick<Step, 'work' | 'order' | 'known'>): string {
  const now = contentDigestOf(order);
  const meant = work.intent?.memo?.['contentDigest'];
  return [known?.contentDigest, meant].filter((one) => typeof one === 'string').find((one) => one !== now) ?? now;
}

/** What the laboratory has accepted of this order, and the newest wish to cancel it has answered. */
type Memo = { readonly lisId: string; readonly contentDigest: string; readonly cancelAsked: number | null };

async function place(step: Step): Promise<Verdict> {
  const { work, order, client, context } = step;
  const there = await client.findOrder(testIdOf(order), context.signal);
  if (there.kind === 'many') return needsReview('LIS_ORDER_AMBIGUOUS');
  if (there.kind === 'one') return adopt(step, there.record);
  await context.intend(work, intentOf(order));
  const patient = await patientOf(step);
  if (!('key' in patient)) return patient;
  const content = { patient: patient.key, ...contentOf(order) };
  const created = await client.createOrder(content, deterministicId('lis-order', order.orderId), context.signal);
  if (created.kind === 'created') return placed(order, created.id, String(created.status), true);
  if (created.kind === 'refused') return refused(created);
  // It says it has it: the look-up of the next try shows what it has.
  return { outcome: 'retry', code: 'LIS_ORDER_NUMBER_TAKEN', afterMs: retryMs };
}

const retryMs = 1_000;

/** An order found under our number is ours when it is about the same patient and the same test. */
async function adopt(step: Step, record: OrderAnswer): Promise<Verdict> {
  const { work, order, client, context, takesAmendments } = step;
  const wasAmended = contentThere(step) !== contentDigestOf(order) && (takesAmendments || !work.force);
  if (!wasAmended && record.test_type !== undefined && record.test_type !== order.code.code)
    return needsReview('LIS_ORDER_NUMBER_TAKEN');
  if (record.patient !== undefined) {
    const found = await client.findPatient(work.patientKey, context.signal);
    const isSame = found.kind === 'one' && String(found.record.id) === String(record.patient);
    if (!isSame) return needsReview(found.kind === 'many' ? 'LIS_PATIENT_AMBIGUOUS' : 'LIS_ORDER_NUMBER_TAKEN');
  }
  return wasAmended ? amend(step, String(record.id)) : placed(order, String(record.id), '200', false);
}

async function patientOf({ work, client, context }: Step): Promise<{ readonly key: number | string } | Verdict> {
  const { patientKey } = work;
  const found = await client.findPatient(patientKey, context.signal);
  if (found.kind === 'many') return needsReview('LIS_PATIENT_AMBIGUOUS');
  if (found.kind === 'one') return { key: found.record.id };
  const registration = registrationOf(patientKey, work.related.patient);
  // The patient's next event makes the order wait again.
  if (registration === null) return { outcome: 'held', code: 'LIS_PATIENT_INCOMPLETE' };
  const created = await client.registerPatient(registration, deterministicId('lis-patient', patientKey), context.signal);
  if (created.kind === 'created') return { key: created.id };
  if (created.kind === 'refused') return refused(created);
  return { outcome: 'retry', code: 'LIS_ANSWER_UNREADABLE', afterMs: retryMs };
}

/** We ask; cancelled it is only once the laboratory says so (facts 6.6). */
async function cancel(step: Step): Promise<Verdict> {
  const { work, order, client, context } = step;
  const lisId = step.known?.lisId ?? (await idThere(step));
  if (lisId === null) return cancelHere(step);
  if (typeof lisId !== 'string') return lisId;
  if (step.known?.cancelAsked === order.cancelRequestedVersion && !work.force) return unchanged(order, step.known, work);
  // An amendment that did not leave before is still to leave, should the laboratory not cancel.
  const contentDigest = contentThere(step);
  await context.intend(work, { digest: digestOf(order), memo: { contentDigest } });
  const wish = String(order.cancelRequestedVersion ?? 0);
  const answer = await client.cancelOrder(lisId, deterministicId('lis-cancel', order.orderId, wish), context.signal);
  if (answer.kind === 'unknown') return needsReview('LIS_ORDER_UNKNOWN', String(answer.status));
  await publishEnd(step, answer.kind === 'cancelled' ? 'OrderCancelled' : 'OrderCancelRefused', 'laboratory');
  return answered(order, { lisId, contentDigest, cancelAsked: order.cancelRequestedVersion }, answer);
}

/** The laboratory never heard of it: cancelled by us. Unless it may still be on its way: then nobody knows, and a person looks. */
async function cancelHere(step: Step): Promise<Verdict> {
  if (step.work.intent !== null) return needsReview('LIS_ORDER_UNKNOWN');
  await publishEnd(step, 'OrderCancelled', 'sync');
  return { outcome: 'held', code: 'LIS_ORDER_CANCELLED' };
}

const publishEnd = ({ order, context, now }: Step, type: 'OrderCancelled' | 'OrderCancelRefused', by: string): Promise<void> =>
  context.publish(orderEventOf(order, { type, version: order.cancelRequestedVersion ?? 0, fillerNumber: null }, by, now));

/** Null: it is not there. */
async function idThere({ order, client, context }: Step): Promise<string | null | Verdict> {
  const there = await client.findOrder(testIdOf(order), context.signal);
  if (there.kind === 'many') return needsReview('LIS_ORDER_AMBIGUOUS');
  return there.kind === 'none' ? null : String(there.record.id);
}

function placed(order: OrderState, lisId: string, acknowledgement: string, sent: boolean): Verdict {
  const memo: Memo = { lisId, contentDigest: contentDigestOf(order), cancelAsked: null };
  return { outcome: 'delivered', sent, digest: digestOf(order), remoteId: lisId, remoteVersion: null, acknowledgement, memo };
}

function answered(order: OrderState, memo: Memo, answer: Cancelled): Verdict {
  const acknowledgement = String(answer.status);
  return {
    outcome: 'delivered',
    sent: true,
    digest: digestOf(order),
    remoteId: memo.lisId,
    remoteVersion: null,
    acknowledgement,
    memo,
  };
}

const unchanged = (order: OrderState, known: Memo, { delivered }: Work): Verdict => ({
  outcome: 'delivered',
  sent: false,
  digest: delivered?.digest ?? digestOf(order),
  remoteId: known.lisId,
  remoteVersion: null,
  acknowledgement: delivered?.acknowledgement ?? null,
  memo: known,
});

/** The last two are the laboratory side's own, whichever way it speaks. */
type ReviewCode = LisRestCode | 'LIS_PRIORITY_UNKNOWN' | 'LIS_PATIENT_MERGED';
const needsReview = (code: ReviewCode, acknowledgement: string | null = null): Verdict => ({
  outcome: 'needs_review',
  code,
  acknowledgement,
  detail: null,
});

const maxDetailLength = 4_000;

/** What it said may name the patient: it stays in the ledger. */
const refused = ({ status, body }: Refusal): Verdict => ({
  outcome: 'rejected',
  code: 'LIS_REFUSED',
  acknowledgement: String(status),
  detail: (JSON.stringify(body) ?? '').slice(0, maxDetailLength),
});

function memoOf(memo: JsonObject | null): Memo | null {
  const { lisId, contentDigest, cancelAsked } = memo ?? {};
  if (typeof lisId !== 'string' || typeof contentDigest !== 'string') return null;
  return { lisId, contentDigest, cancelAsked: typeof cancelAsked === 'number' ? cancelAsked : null };
}

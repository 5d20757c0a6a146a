/** What the laboratory's answer to a wish to cancel means for the order, as an event. Pure: the same answer to the same wish is the same event. */
import { deterministicId, type OrderState, topics } from '@clinstream/contracts';
import type { OutgoingEvent } from '@clinstream/runtime/producer';

export function replyEvent(
  order: OrderState,
  type: 'OrderCancelled' | 'OrderCancelRefused',
): OutgoingEvent<typeof topics.orders> {
  const sourceVersion = order.cancelRequestedVersion ?? 0;
  const { orderId, patientKey, placerNumber, placerAuthority, fillerNumber, kind, priority, code, note, contentDigest } = order;
  const { requestedBy, requestedAt, analysisJobId, specimen, orderingProvider, parentOrderId } = order;
  return {
    topic: topics.orders,
    key: patientKey,
    value: {
      ...{ type, orderId, patientKey, placerNumber, placerAuthority, fillerNumber, kind, priority, code, note, contentDigest },
      ...{ sourceVersion, requestedBy, requestedAt, analysisJobId, specimen, orderingProvider, messageId: null },
      ...{ parentOrderId, specimenRejectReasons: [] },
    },
    envelope: {
      eventId: deterministicId('event', type, orderId, 'lis', String(sourceVersion)),
      eventType: type,
      occurredAt: sourceVersion,
      correlationId: deterministicId('lis-cancel', orderId, String(sourceVersion)),
      traceparent: null,
      source: 'sync',
      attempt: 1,
    },
  };
}

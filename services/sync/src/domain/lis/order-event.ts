/** What the laboratory's answer means for an order, as the event everybody reads. Pure. The event id names the wish it answers: after a crash it is the same event again. */
import { deterministicId, type Envelope, type OrderEvent, type OrderState, topics } from '@clinstream/contracts';
import type { LisEffect } from './memo.ts';

export type OrderPublication = {
  readonly topic: typeof topics.orders;
  readonly key: string;
  readonly value: OrderEvent;
  readonly envelope: Envelope;
};

/** `by`: the laboratory, or `sync` where it never heard of the order. */
export function orderEventOf(order: OrderState, effect: LisEffect, by: string, now: number): OrderPublication {
  const { type, version } = effect;
  const value: OrderEvent = {
    type,
    orderId: order.orderId,
    patientKey: order.patientKey,
    placerNumber: order.placerNumber,
    placerAuthority: order.placerAuthority,
    fillerNumber: effect.fillerNumber ?? order.fillerNumber,
    kind: order.kind,
    priority: order.priority,
    code: order.code,
    note: order.note,
    contentDigest: order.contentDigest,
    sourceVersion: version,
    requestedBy: by,
    requestedAt: now,
    analysisJobId: order.analysisJobId,
    messageId: null,
    specimen: order.specimen,
    orderingProvider: order.orderingProvider,
    parentOrderId: order.parentOrderId,
    specimenRejectReasons: [],
  };
  const eventId = deterministicId('event', 'sync-lis', type, order.orderId, String(version));
  const envelope = {
    eventId,
    eventType: type,
    occurredAt: now,
    correlationId: order.orderId,
    traceparent: null,
    source: 'sync',
    attempt: 1,
  };
  return { topic: topics.orders, key: order.patientKey, value, envelope };
}

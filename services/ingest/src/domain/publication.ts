/** One event ready to publish, as the producer's port wants it, without knowing the producer. Pure. */
import { deterministicId, type Envelope, type Topic, type TopicEvents } from '@clinstream/contracts';

export type Publication<T extends Topic = Topic> = {
  readonly topic: T;
  readonly key: string;
  readonly value: TopicEvents[T];
  readonly envelope: Envelope;
};

/** Where a request came from: what every event that follows from it carries. */
export type Origin = {
  /** Client id or sending application, never a person's name. */
  readonly requestedBy: string;
  /** Epoch milliseconds; on a repeat that of the first request. */
  readonly requestedAt: number;
  readonly correlationId: string;
  readonly traceparent: string | null;
};

/** The parts name the fact: the same fact published twice carries the same id. */
export const envelopeOf = (eventType: string, origin: Origin, ...parts: readonly string[]): Envelope => ({
  eventId: deterministicId('event', eventType, ...parts),
  eventType,
  occurredAt: origin.requestedAt,
  correlationId: origin.correlationId,
  traceparent: origin.traceparent,
  source: 'ingest',
  attempt: 1,
});

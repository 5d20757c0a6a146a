/**
 * What a person decides at this door goes to the log and nowhere else; tables follow from there. Resolves after acks=all.
 * An answer that did not come in time is ambiguous, and the caller is told so: to repeat is safe, the same decision is the same event.
 */
import type { Envelope, LogPosition, Topic, TopicEvents } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import type { EventProducer } from '@clinstream/runtime/producer';
import { childOf } from '@clinstream/runtime/telemetry';
import type { FastifyRequest } from 'fastify';
import { apiProblem } from './problems.ts';

export type Publish = <T extends Topic>(request: FastifyRequest, decided: Decided<T>) => Promise<LogPosition>;
export type Decided<T extends Topic> = {
  readonly topic: T;
  readonly key: string;
  readonly event: TopicEvents[T] & { readonly at: number };
  readonly eventId: string;
};

/** As long as a person waits for a button, and shorter than a proxy does. */
const confirmTimeoutMs = 5_000;
const retryAfterSeconds = 5;

export function createPublish(producer: Pick<EventProducer, 'publish'>, timeoutMs = confirmTimeoutMs): Publish {
  return async (request, { topic, key, event, eventId }) => {
    const envelope = envelopeOf(request, event.type, event.at, eventId);
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(notConfirmed()), timeoutMs);
    try {
      return await Promise.race([producer.publish({ topic, key, value: event, envelope }), tooLate]);
    } catch (error) {
      throw error instanceof AppError && error.code === 'KAFKA_UNAVAILABLE' ? notConfirmed() : error;
    } finally {
      clearTimeout(timer);
    }
  };
}

const notConfirmed = () => apiProblem('KAFKA_UNAVAILABLE', { retryAfterSeconds, members: { mayHaveBeenAccepted: true } });

function envelopeOf(request: FastifyRequest, eventType: string, occurredAt: number, eventId: string): Envelope {
  const { traceparent } = request.headers;
  return {
    eventId,
    eventType,
    occurredAt,
    correlationId: request.id,
    traceparent: childOf(typeof traceparent === 'string' ? traceparent : null),
    source: 'api',
    attempt: 1,
  };
}

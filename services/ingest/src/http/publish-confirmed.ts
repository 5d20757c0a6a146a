/**
 * Hands an event to the log and waits a bounded time for its confirmation. Resolves only after acks=all; a wait that ran out is
 * ambiguous, the event may still reach the log, and the sender is told so. Order per key is the order of the calls.
 */
import type { LogPosition, Topic } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import type { EventProducer } from '@clinstream/runtime/producer';
import type { Publication } from '../domain/publication.ts';

/** Rejects as the producer does, and with KAFKA_UNAVAILABLE (ambiguous) when `timeoutMs` ran out. */
export type PublishConfirmed = <T extends Topic>(publication: Publication<T>) => Promise<LogPosition>;

export function createPublishConfirmed(producer: Pick<EventProducer, 'publish'>, timeoutMs: number): PublishConfirmed {
  return async (publication) => {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(notInTime()), timeoutMs);
    try {
      return await Promise.race([producer.publish(publication), promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}

const notInTime = (): AppError =>
  new AppError({
    code: 'KAFKA_UNAVAILABLE',
    kind: 'ambiguous',
    scope: 'dependency',
    stage: 'publish',
    message: 'the log did not confirm in time',
  });

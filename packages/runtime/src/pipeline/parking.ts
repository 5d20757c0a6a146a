/** The dead-letter stage: the original bytes with where they come from and why, one error line, one count. */
import type { Logger } from 'pino';
import type { ConsumedRecord } from '../consumer/types.ts';
import { AppError } from '../errors/app-error.ts';
import { runtimeError } from '../errors/classify.ts';
import type { EventProducer, OutgoingRecord } from '../producer/types.ts';
import { originTopicOf } from './decode.ts';
import { envelopeOf } from './envelope.ts';
import type { Outcomes } from './outcomes.ts';
import { deadLetterRecord, firstFailedAtOf } from './parked.ts';

export type ParkingDeps = {
  readonly group: string;
  readonly producer: Pick<EventProducer, 'publishRecord'>;
  readonly now: () => number;
  readonly log: Logger;
  readonly outcomes: Outcomes;
};

/** Resolves once the copy is confirmed; rejects with what the producer says, and then nothing may advance. */
export async function parkRecord(deps: ParkingDeps, record: ConsumedRecord, error: AppError, attempts: number): Promise<void> {
  const { group, producer, now, log, outcomes } = deps;
  const failure = { error, attempts, firstFailedAt: firstFailedAtOf(record) ?? now(), now: now() };
  await publishWhole(producer, deadLetterRecord(group, record, failure));
  const { topic, partition, offset } = record;
  const { eventId, correlationId } = envelopeOf(record);
  const fields = { topic, partition, offset, eventId, correlationId, attempts };
  log.error({ err: error, code: error.code, stage: error.stage, ...fields }, 'record parked on the dead-letter topic');
  const origin = originTopicOf(record);
  outcomes.parked(origin, error);
  outcomes.count({ topic: origin }, 'parked', error.code);
}

/** A copy that does not fit is no reason to lose the bytes: the group waits until the dead-letter topic takes what its source took. */
async function publishWhole(producer: Pick<EventProducer, 'publishRecord'>, record: OutgoingRecord): Promise<void> {
  try {
    await producer.publishRecord(record);
  } catch (cause) {
    const isTooLarge = cause instanceof AppError && cause.code === 'RECORD_TOO_LARGE';
    throw isTooLarge ? runtimeError('DEAD_LETTER_TOO_SMALL', 'publish', { cause }) : cause;
  }
}

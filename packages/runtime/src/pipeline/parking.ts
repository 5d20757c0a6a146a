/** The dead-letter stage: the original bytes with where they come from and why, one error line, one count. */
import type { Logger } from 'pino';
import type { ConsumedRecord } from '../consumer/types.ts';
import { AppError } from '../errors/app-error.ts';
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
  await publishOrShrink(producer, deadLetterRecord(group, record, failure));
  const { topic, partition, offset } = record;
  const { eventId, correlationId } = envelopeOf(record);
  const fields = { topic, partition, offset, eventId, correlationId, attempts };
  log.error({ err: error, code: error.code, stage: error.stage, ...fields }, 'record parked on the dead-letter topic');
  const origin = originTopicOf(record);
  outcomes.parked(origin, error);
  outcomes.count({ topic: origin }, 'parked', error.code);
}

/** A record too large to be copied is parked without its value: its origin stays readable for as long as the source topic keeps it. */
async function publishOrShrink(producer: Pick<EventProducer, 'publishRecord'>, record: OutgoingRecord): Promise<void> {
  try {
    await producer.publishRecord(record);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'RECORD_TOO_LARGE') throw error;
    await producer.publishRecord({ ...record, value: null });
  }
}

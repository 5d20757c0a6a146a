/**
 * Records for retry and dead-letter topics: the original bytes and headers untouched, plus where they come from and what went wrong. Headers
 * carry ids, codes and times, never values.
 */
import { deadLetterTopicOf, headerNames, parkedHeaderNames, type RetryTier, retryTopicOf } from '@clinstream/contracts';
import type { ConsumedRecord } from '../consumer/types.ts';
import type { AppError } from '../errors/app-error.ts';
import type { OutgoingRecord } from '../producer/types.ts';
import { headerNumber, headerText } from './envelope.ts';

export type Failure = {
  readonly error: AppError;
  /** Tries made, this one included. */
  readonly attempts: number;
  readonly firstFailedAt: number;
  readonly now: number;
};

type Headers = Record<string, Buffer | string>;

/** `key` and `value` are the very buffers that were read. */
export function deadLetterRecord(group: string, record: ConsumedRecord, failure: Failure): OutgoingRecord {
  return { topic: deadLetterTopicOf(group), key: record.key, value: record.value, headers: parkedHeaders(record, failure) };
}

/** Published again under its key; `attempt` is the number of the next try. */
export function retryRecord(
  group: string,
  tier: RetryTier,
  notBefore: number,
  record: ConsumedRecord,
  failure: Failure,
): OutgoingRecord {
  const headers = {
    ...parkedHeaders(record, failure),
    [parkedHeaderNames.notBefore]: String(notBefore),
    [headerNames.attempt]: String(failure.attempts + 1),
  };
  return { topic: retryTopicOf(group, tier), key: record.key, value: record.value, headers };
}

/** Passes a record that is not due yet on to another tier, as it is. */
export function relayRecord(group: string, tier: RetryTier, record: ConsumedRecord, now: number): OutgoingRecord {
  const headers = { ...plainHeaders(record), [parkedHeaderNames.parkedAt]: String(now) };
  return { topic: retryTopicOf(group, tier), key: record.key, value: record.value, headers };
}

/** When this record first failed; null when it never did. */
export const firstFailedAtOf = (record: ConsumedRecord): number | null =>
  headerNumber(record.headers[parkedHeaderNames.firstFailedAt]);

function parkedHeaders(record: ConsumedRecord, { error, attempts, firstFailedAt, now }: Failure): Headers {
  const names = parkedHeaderNames;
  const origin = (name: string, here: string | number): string => headerText(record.headers[name]) ?? String(here);
  return {
    ...plainHeaders(record),
    [names.originTopic]: origin(names.originTopic, record.topic),
    [names.originPartition]: origin(names.originPartition, record.partition),
    [names.originOffset]: origin(names.originOffset, record.offset),
    [names.errorCode]: error.code,
    [names.stage]: error.stage,
    [names.attempts]: String(attempts),
    [names.firstFailedAt]: String(firstFailedAt),
    [names.parkedAt]: String(now),
  };
}

function plainHeaders(record: ConsumedRecord): Headers {
  const headers: Headers = {};
  for (const [name, value] of Object.entries(record.headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers[name] = first;
  }
  return headers;
}

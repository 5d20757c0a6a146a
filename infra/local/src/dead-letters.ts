/**
 * What stands on a group's dead-letter topic, and its way back: to the group's own first retry topic, never to the origin topic, where other groups
 * would see it twice. The record goes back with its original bytes under the next attempt number; that it was handled before does no harm,
 * because every effect is keyed by the event (ADR 0002). Headers only are ever shown.
 */
import { deadLetterTopicOf, groups, headerNames, parkedHeaderNames, retryTiers, retryTopicOf } from '@clinstream/contracts';
import type { ConsumedRecord } from '@clinstream/runtime/consumer';
import { type KafkaConnection, readTopics } from '@clinstream/runtime/kafka';
import type { EventProducer, OutgoingRecord } from '@clinstream/runtime/producer';

export const replayableGroups: readonly string[] = Object.values(groups.inference);
export const allGroups: readonly string[] = [...replayableGroups, groups.sink];

export type DeadLetter = {
  readonly group: string;
  readonly origin: string;
  readonly code: string;
  readonly attempts: number;
  readonly parkedAt: number;
  readonly eventId: string;
  readonly record: ConsumedRecord;
};

export type DeadLetterFilter = { readonly groups: readonly string[]; readonly code: string | null; readonly since: number };

/** Oldest first. */
export async function listDeadLetters(kafka: KafkaConnection, filter: DeadLetterFilter): Promise<readonly DeadLetter[]> {
  const found: DeadLetter[] = [];
  await readTopics(kafka, filter.groups.map(deadLetterTopicOf), (record) => found.push(deadLetterOf(record)));
  return found
    .filter(({ code, parkedAt }) => (filter.code === null || code === filter.code) && parkedAt >= filter.since)
    .sort((a, b) => a.parkedAt - b.parkedAt);
}

/** Resolves when the log has all of them again. */
export async function replayDeadLetters(
  producer: Pick<EventProducer, 'publishRecord'>,
  letters: readonly DeadLetter[],
  now: number,
): Promise<void> {
  await Promise.all(letters.map((letter) => producer.publishRecord(replayed(letter, now))));
}

/** Due at once, as the try after the last one made. */
export function replayed({ group, attempts, record }: DeadLetter, now: number): OutgoingRecord {
  const headers: Record<string, string> = {};
  for (const name of Object.keys(record.headers)) headers[name] = text(record, name);
  return {
    topic: retryTopicOf(group, retryTiers[0]),
    key: record.key,
    value: record.value,
    headers: {
      ...headers,
      [headerNames.attempt]: String(attempts + 1),
      [parkedHeaderNames.notBefore]: String(now),
      [parkedHeaderNames.parkedAt]: String(now),
    },
  };
}

export function deadLetterOf(record: ConsumedRecord): DeadLetter {
  const names = parkedHeaderNames;
  const origin = [names.originTopic, names.originPartition, names.originOffset].map((name) => text(record, name)).join(':');
  return {
    group: record.topic.replace(/\.dead-letter\.v1$/, ''),
    origin,
    code: text(record, names.errorCode),
    attempts: Number(text(record, names.attempts)) || 1,
    parkedAt: Number(text(record, names.parkedAt)) || record.timestamp,
    eventId: text(record, headerNames.eventId),
    record,
  };
}

function text({ headers }: ConsumedRecord, name: string): string {
  const value = headers[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? '' : String(first);
}

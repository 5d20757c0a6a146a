/** A record in hand together with the right to complete it: its lease and its ticket there. */
import type { KafkaMessage } from 'kafkajs';
import type { Lease } from './offset-tracker.ts';
import type { ConsumedRecord, TopicPartition } from './types.ts';

export type TrackedRecord = ConsumedRecord & {
  readonly lease: Lease;
  readonly bytes: number;
  /** Set on admission. */
  ticket: number;
};

const overheadBytes = 200;

export const createTrackedRecord = (
  { topic, partition }: TopicPartition,
  message: KafkaMessage,
  lease: Lease,
): TrackedRecord => ({
  topic,
  partition,
  offset: Number(message.offset),
  key: message.key,
  value: message.value,
  headers: message.headers ?? {},
  timestamp: Number(message.timestamp),
  lease,
  bytes: overheadBytes + (message.key?.length ?? 0) + (message.value?.length ?? 0),
  ticket: -1,
});

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

/** A class, not a literal: headers are read from the log's bytes when somebody asks for them. */
class Tracked implements TrackedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: number;
  readonly lease: Lease;
  readonly bytes: number;
  ticket = -1;
  readonly #message: KafkaMessage;

  constructor({ topic, partition }: TopicPartition, message: KafkaMessage, lease: Lease) {
    this.topic = topic;
    this.partition = partition;
    this.offset = Number(message.offset);
    this.key = message.key;
    this.value = message.value;
    this.timestamp = Number(message.timestamp);
    this.lease = lease;
    this.bytes = overheadBytes + (message.key?.length ?? 0) + (message.value?.length ?? 0);
    this.#message = message;
  }

  get headers(): ConsumedRecord['headers'] {
    return this.#message.headers ?? {};
  }
}

export const createTrackedRecord = (partition: TopicPartition, message: KafkaMessage, lease: Lease): TrackedRecord =>
  new Tracked(partition, message, lease);

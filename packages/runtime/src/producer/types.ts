/** The producer's port: what services publish with. */
import type { Envelope, LogPosition, Topic, TopicEvents } from '@clinstream/contracts';
import type { Component } from '../lifecycle/component.ts';

/** One event to publish: value typed by its topic. */
export type OutgoingEvent<T extends Topic = Topic> = {
  readonly topic: T;
  /** Patient key, or job id where there is no patient. Never null: order hangs on it. */
  readonly key: string;
  readonly value: TopicEvents[T];
  readonly envelope: Envelope;
};

/** Bytes as they are, for retry and dead-letter topics. */
export type OutgoingRecord = {
  readonly topic: string;
  readonly partition?: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string>>;
};

/**
 * Resolves only after acks=all. Order per (topic, partition) is the order of the calls. A rejected publish may still have reached
 * the log (ambiguous): publish the same event again under the same event id, downstream takes it once.
 * Rejects with AppError. KAFKA_UNAVAILABLE (retryable/dependency): not confirmed within the delivery timeout, or before the producer stopped.
 * Certainly not accepted: RECORD_TOO_LARGE (poison), PRODUCER_STOPPED, TOPIC_UNKNOWN, KAFKA_REJECTED.
 */
export type EventProducer = Component & {
  publish<T extends Topic>(event: OutgoingEvent<T>): Promise<LogPosition>;
  publishRecord(record: OutgoingRecord): Promise<LogPosition>;
  /** Resolves when everything handed over so far is confirmed or rejected. */
  flush(): Promise<void>;
};

/** Bounds and waits of one producer. */
export type ProducerLimits = {
  /** Largest event we publish. Keep it under the topic's max.message.bytes. */
  readonly maxRecordBytes: number;
  /** Largest record on its way to a retry or dead-letter topic: whatever a broker took from anyone, plus what we add to it. */
  readonly maxParkedRecordBytes: number;
  /** Records of one send; all their callers are answered in one turn of the event loop. */
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
  /** Bytes handed over and not yet confirmed; beyond it publishing is refused at once. */
  readonly maxQueuedBytes: number;
  /** From the call to its rejection when Kafka does not confirm. */
  readonly deliveryTimeoutMs: number;
};

export const defaultProducerLimits: ProducerLimits = {
  maxRecordBytes: 900_000,
  maxParkedRecordBytes: 2_000_000,
  maxBatchRecords: 500,
  maxBatchBytes: 900_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  deliveryTimeoutMs: 15_000,
};

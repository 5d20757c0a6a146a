/** The two ways to read topics: event by event in key order (`createEventConsumer`), or in batches for a sink (`createBatchConsumer`). */
import type { Envelope, LogPosition, Topic, TopicEvents } from '@clinstream/contracts';
import type { Logger } from 'pino';
import type { ConsumedRecord, ConsumerLimits, Outcome, TopicPartition } from '../consumer/types.ts';
import type { Component } from '../lifecycle/component.ts';

export type EventContext = {
  readonly record: ConsumedRecord;
  readonly envelope: Envelope;
  readonly position: LogPosition;
  /** 1-based try at this event. */
  readonly attempt: number;
  /** Aborts on handler timeout, on loss of the partition and at the end of the drain. */
  readonly signal: AbortSignal;
  /** Whether it has: the same question without making a signal. Ask it before an effect that must not come late. */
  readonly isAborted: boolean;
  readonly log: Logger;
};

export type Handler<T extends Topic> = (event: TopicEvents[T], context: EventContext) => Promise<Outcome>;

/** Retries of retryable/message errors. Dependency errors count no attempt: they pause the whole group until `probe`-like success. */
export type RetryPolicy = {
  readonly attempts: number;
  readonly baseDelayMs: number;
  /** Waits up to this long happen in place, so that the key's order holds; longer ones go through the group's retry topics. */
  readonly maxInPlaceDelayMs: number;
  readonly tiers: boolean;
};

export type EventConsumerOptions<T extends Topic> = {
  readonly group: string;
  readonly topics: readonly T[];
  readonly handle: Handler<T>;
  /** Called after the last failed attempt, before the record is parked; may publish a terminal event. Must be idempotent. */
  readonly onExhausted?: (event: TopicEvents[T], error: Error, context: EventContext) => Promise<void>;
  /** Tries this event gets in all, instead of `retry.attempts`; asked when a try has failed. */
  readonly attemptsOf?: (event: TopicEvents[T]) => number;
  readonly concurrency: number;
  readonly handlerTimeoutMs: number;
  readonly retry: RetryPolicy;
  readonly limits: ConsumerLimits;
};

export type DecodedRecord<T extends Topic = Topic> = {
  readonly topic: T;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly timestamp: number;
  readonly envelope: Envelope;
  readonly event: TopicEvents[T];
};

/** A partition as the broker has it at the moment of assignment. Offsets: first still kept, and one past the last written. */
export type AssignedPartition = TopicPartition & { readonly logStartOffset: number; readonly logEndOffset: number };

/** What a sink knows of a partition before it reads from it. */
export type PartitionStart = TopicPartition & {
  /** First offset the sink still needs; null when it has never seen this partition. */
  readonly nextOffset: number | null;
};

/**
 * Offsets after one applied batch, exclusive. Includes records that could not be decoded and were parked.
 * `fromOffset` is the `nextOffset` of the batch before (or what `startAt` answered), so a store can compare it with its own before it
 * writes; where the log has a gap the first record's offset is higher than `fromOffset`.
 */
export type PartitionProgress = TopicPartition & {
  readonly fromOffset: number;
  readonly nextOffset: number;
  readonly clusterId: string;
  /** Offsets in between that the log did not hand out, though it once held them: retention was faster than we. Empty as a rule. */
  readonly gaps: readonly OffsetSpan[];
};
export type OffsetSpan = { readonly fromOffset: number; readonly toOffset: number };

export type BatchConsumerOptions<T extends Topic> = {
  readonly group: string;
  readonly topics: readonly T[];
  /**
   * Asked once per (re)assignment for the partitions that are new to this member, before their first record is applied. The consumer goes to
   * `nextOffset`, backwards or forwards, whatever Kafka has committed. Throw a fatal AppError when the log is not the one the
   * store knows (another cluster id, log end below `nextOffset`); retryable errors are retried for ever.
   */
  readonly startAt: (clusterId: string, partitions: readonly AssignedPartition[]) => Promise<readonly PartitionStart[]>;
  /**
   * Applies records, in offset order per partition, and stores `progress` in the same transaction. One call at a time. Retryable errors
   * are retried with back-off for ever (dependency) or bisected down to the record that fails, which is parked (poison).
   */
  readonly apply: (records: readonly DecodedRecord<T>[], progress: readonly PartitionProgress[]) => Promise<void>;
  readonly maxBatchRecords: number;
  readonly limits: ConsumerLimits;
};

/** Resolves when everything in the log at the time of the call has been handled and committed by the group. For tests and readiness. */
type CatchesUp = { whenCaughtUp(signal?: AbortSignal): Promise<void> };
export type EventConsumer = Component & CatchesUp;
export type BatchConsumer = Component & CatchesUp;

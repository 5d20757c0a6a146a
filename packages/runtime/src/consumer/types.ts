/** Shapes shared by the consumer's parts and by those who read records. */
import type { OnFatal } from '../lifecycle/component.ts';

/** One record as it stands in the log. */
export type ConsumedRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  /** Broker or producer time, epoch milliseconds. */
  readonly timestamp: number;
};

export type TopicPartition = { readonly topic: string; readonly partition: number };
/** For maps and messages. */
export const partitionName = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;

/** Bounds of what one consumer holds; reaching one pauses fetching, never drops. */
export type ConsumerLimits = {
  /** Records fetched and not yet done. */
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** Offsets between the commit watermark and the newest record in hand, per partition. */
  readonly maxSpan: number;
};

export type CommitPolicy = { readonly everyMs: number; readonly everyRecords: number };

/** What became of one record: the handler's answer. Handlers never commit and never retry. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'park'; readonly error: Error };

export const done: Outcome = { kind: 'done' };
export const skip = (reason: string): Outcome => ({ kind: 'skip', reason });
export const park = (error: Error): Outcome => ({ kind: 'park', error });

export type ConsumerHooks = { readonly onFatal: OnFatal };

export const defaultCommitPolicy: CommitPolicy = { everyMs: 500, everyRecords: 5_000 };

/** What the Kafka rooms share: how to reach a cluster, and what deploy and tests may ask of it. Hides kafkajs. */
import type { Kafka } from 'kafkajs';
import type { TopicPartition } from '../consumer/types.ts';

export type { KafkaConfig } from '../config/fragments.ts';

/** Notices kafkajs gives only as a log line (design 7). */
export type KafkaNotice = { readonly kind: 'offset-out-of-range' } & TopicPartition;

/**
 * A way to one cluster. `client` makes a new kafkajs client each time: two consumers of one group must not share one, because kafkajs keeps
 * committed offsets per client and group, and a second consumer would clear them.
 */
export type KafkaConnection = {
  readonly brokers: readonly string[];
  readonly clientId: string;
  client(onNotice?: (notice: KafkaNotice) => void): Kafka;
};

export type TopicSettings = {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor?: number;
  readonly config?: Readonly<Record<string, string>>;
};

export type PartitionBounds = TopicPartition & { readonly logStartOffset: number; readonly logEndOffset: number };
export type GroupOffset = TopicPartition & { readonly offset: number };

/** Asks and changes the cluster itself. Connects on first use; every call may reject with an AppError (KAFKA_UNAVAILABLE and kin). */
export type KafkaAdmin = {
  /** Creates those that do not exist yet; resolves with the names it made. */
  createTopics(topics: readonly TopicSettings[]): Promise<readonly string[]>;
  deleteTopics(topics: readonly string[]): Promise<void>;
  listTopics(): Promise<readonly string[]>;
  /** Number of partitions per topic; rejects TOPIC_UNKNOWN when one is missing. */
  partitionCounts(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  logBounds(topics: readonly string[]): Promise<readonly PartitionBounds[]>;
  /** Committed offsets of a group; -1 where it has none. */
  groupOffsets(group: string, topics: readonly string[]): Promise<readonly GroupOffset[]>;
  setGroupOffsets(group: string, offsets: readonly GroupOffset[]): Promise<void>;
  deleteRecords(before: readonly GroupOffset[]): Promise<void>;
  clusterId(): Promise<string>;
  close(): Promise<void>;
};

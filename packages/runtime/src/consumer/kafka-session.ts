/**
 * One life of a kafkajs consumer, from joining to its crash or stop. Everything kafkajs-shaped of reading ends here.
 * Guards design 7: no error of ours reaches kafkajs; nothing is committed by its retries (they could run after a rejoin and rewind another
 * owner), nor between the begin of a join and the new assignment; it never restarts itself.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { classify, runtimeError } from '../errors/classify.ts';
import type { KafkaConnection } from '../kafka/types.ts';
import { createAssigner } from './assigner.ts';
import { installFastBatches } from './fast-batch.ts';
import type { CommitOffset } from './offset-tracker.ts';
import type { TopicPartition } from './types.ts';

export type FetchedBatch = TopicPartition & {
  /** Where kafkajs asked the broker to begin. */
  readonly fetchedOffset: number;
  readonly messages: readonly KafkaMessage[];
  readonly highWatermark: number;
  /** Moves the fetch position behind this offset. */
  resolve(offset: number): void;
  /** False when this member must rejoin, or the group is gone: return at once. */
  heartbeat(): Promise<boolean>;
  isStale(): boolean;
};

export type SessionEvents = {
  /** A join begins; the assignment is in doubt until `joined`. */
  joining(): void;
  joined(assignment: readonly TopicPartition[], memberId: string): void;
  /** Another member came or went; committing is still possible, our join follows at once. */
  rebalancing(): void;
  alive(): void;
  /** Must not reject. kafkajs fetches on when every batch of a fetch has resolved. */
  batch(batch: FetchedBatch): Promise<void>;
  outOfRange(partition: TopicPartition): void;
};

export type SessionOptions = {
  readonly kafka: KafkaConnection;
  readonly group: string;
  readonly topics: readonly string[];
  readonly maxWaitMs: number;
  readonly owned: () => readonly number[];
  readonly events: SessionEvents;
};

export type Session = {
  /** Resolves when it has ended: with the reason of a crash, or null after `stop`. */
  readonly ended: Promise<Error | null>;
  /** One try, under the generation of the last assignment; rejects when the broker refuses it. */
  commit(offsets: readonly CommitOffset[]): Promise<void>;
  seek(partition: TopicPartition, offset: number): void;
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** Leaves the group. Does not reject and takes at most a few seconds. */
  stop(): Promise<void>;
};

export const sessionTimeoutMs = 10_000;
export const rebalanceTimeoutMs = 20_000;
/** A departed member's partitions stand still until the others hear of it at their next heartbeat. */
const heartbeatIntervalMs = 1_000;
const stopTimeoutMs = 3_000;

/** Rejects with AppError when the first connection or the topics' metadata fail; a failing join ends the session instead. */
export async function openSession(options: SessionOptions): Promise<Session> {
  installFastBatches();
  const { events } = options;
  const client = options.kafka.client(({ kind: _, ...partition }) => events.outOfRange(partition));
  const consumer = client.consumer({
    groupId: options.group,
    partitionAssigners: [createAssigner({ owned: options.owned, joining: events.joining })],
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: rebalanceTimeoutMs,
    heartbeatInterval: heartbeatIntervalMs,
    maxBytesPerPartition: 256 * 1024,
    maxBytes: 2 * 1024 * 1024,
    maxWaitTimeInMs: options.maxWaitMs,
    allowAutoTopicCreation: false,
    retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 1_000, restartOnFailure: async () => false },
  });
  const last: { payload: EachBatchPayload | null } = { payload: null };
  const ended = listen(consumer, events);
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
  } catch (error) {
    await leave(consumer);
    throw classify(error, 'receive');
  }
  const running = consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async (payload) => {
      last.payload = payload;
      await events.batch(batchOf(payload));
    },
  });
  return {
    ended: Promise.race([ended.promise, running.then(() => ended.promise)]),
    commit: (offsets) => commit(last.payload, offsets),
    seek: ({ topic, partition }, offset) => guarded(() => consumer.seek({ topic, partition, offset: String(offset) })),
    pause: (partitions) =>
      guarded(() => consumer.pause(partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] })))),
    resume: (partitions) =>
      guarded(() => consumer.resume(partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] })))),
    async stop() {
      await leave(consumer);
      ended.resolve(null);
    },
  };
}

function listen(consumer: Consumer, events: SessionEvents): PromiseWithResolvers<Error | null> {
  const ended = Promise.withResolvers<Error | null>();
  const { CRASH, GROUP_JOIN, HEARTBEAT, REBALANCING } = consumer.events;
  consumer.on(CRASH, ({ payload }) => ended.resolve(payload.error));
  consumer.on(HEARTBEAT, () => events.alive());
  consumer.on(REBALANCING, () => events.rebalancing());
  consumer.on(GROUP_JOIN, ({ payload }) => {
    const assignment = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    events.joined(assignment, payload.memberId);
  });
  return ended;
}

function batchOf({ batch, resolveOffset, heartbeat, isStale, isRunning }: EachBatchPayload): FetchedBatch {
  return {
    topic: batch.topic,
    partition: batch.partition,
    fetchedOffset: Number((batch as unknown as { fetchedOffset: string }).fetchedOffset),
    messages: batch.messages,
    highWatermark: Number(batch.highWatermark),
    resolve: (offset) => resolveOffset(String(offset)),
    isStale: () => isStale() || !isRunning(),
    heartbeat: () =>
      heartbeat().then(
        () => isRunning(),
        () => false,
      ),
  };
}

/**
 * kafkajs's own `consumer.commitOffsets` retries by itself and does nothing once a stop began. The batch payload's function does neither:
 * it sends one commit with the generation the group had when it was called.
 */
async function commit(payload: EachBatchPayload | null, offsets: readonly CommitOffset[]): Promise<void> {
  if (payload === null) throw runtimeError('KAFKA_UNAVAILABLE', 'receive', { message: 'nothing was read in this session yet' });
  const topics = new Map<string, { partition: number; offset: string }[]>();
  for (const { topic, partition, offset } of offsets) {
    const entry = { partition, offset: String(offset) };
    topics.set(topic, [...(topics.get(topic) ?? []), entry]);
  }
  await payload.commitOffsetsIfNecessary({ topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) });
}

/** These only mark a wish and throw when the consumer is not running any more, which the end of the session says anyway. */
function guarded(action: () => void): void {
  try {
    action();
  } catch {
    // the session has ended
  }
}

async function leave(consumer: Consumer): Promise<void> {
  const timer = new AbortController();
  const tooLong = delay(stopTimeoutMs, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([consumer.disconnect().catch(() => {}), tooLong]);
  timer.abort();
}

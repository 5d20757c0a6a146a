/**
 * Reads topics once, from what the log still holds to where it ends at the time of the call, outside every service's group: for tools and tests.
 * Records come in offset order per partition. Rejects with AppError when Kafka is away; takes nothing from anybody, commits nothing.
 */
import { randomUUID } from 'node:crypto';
import type { Consumer, KafkaMessage } from 'kafkajs';
import type { ConsumedRecord } from '../consumer/types.ts';
import { backOffDelay, dependencyBackOff, sleep } from '../errors/back-off.ts';
import { classify } from '../errors/classify.ts';
import { createAdmin } from './admin.ts';
import type { KafkaConnection } from './types.ts';

export async function readTopics(
  kafka: KafkaConnection,
  topics: readonly string[],
  take: (record: ConsumedRecord) => void,
): Promise<void> {
  let unread: Map<string, Unread> | null = null;
  for (let attempt = 1; ; attempt++) {
    try {
      unread ??= await unreadPartitions(kafka, topics);
      if (unread.size > 0) await readThrough(kafka, topics, unread, take);
      return;
    } catch (cause) {
      const error = classify(cause, 'receive');
      if (error.scope !== 'dependency' || attempt === attempts) throw error;
    }
    await sleep(backOffDelay(dependencyBackOff, attempt));
  }
}

/** A cluster that never had a group takes seconds to find its first coordinator, and kafkajs gives up before. */
const attempts = 5;

/** `unread` holds the end of each partition still to read and is emptied on the way: a second try goes on behind what was taken. */
async function readThrough(
  kafka: KafkaConnection,
  topics: readonly string[],
  unread: Map<string, Unread>,
  take: (record: ConsumedRecord) => void,
): Promise<void> {
  const consumer = kafka.client().consumer({ groupId: `read-once-${randomUUID()}`, maxWaitTimeInMs: 100 });
  try {
    await consume(consumer, topics, unread, take);
  } finally {
    await consumer.disconnect();
  }
}

async function consume(
  consumer: Consumer,
  topics: readonly string[],
  unread: Map<string, Unread>,
  take: (record: ConsumedRecord) => void,
): Promise<void> {
  const finished = Promise.withResolvers<void>();
  consumer.on(consumer.events.CRASH, ({ payload }) => finished.reject(payload.error));
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { topic, partition, messages } }) => {
      const place = `${topic}/${partition}`;
      for (const message of messages) {
        const span = unread.get(place);
        const offset = Number(message.offset);
        if (span === undefined || offset < span.next) continue;
        if (offset < span.end) take(recordOf(topic, partition, message));
        span.next = offset + 1;
        if (span.next >= span.end) unread.delete(place);
      }
      if (unread.size === 0) finished.resolve();
    },
  });
  await finished.promise;
}

type Unread = { next: number; readonly end: number };

/** Where each partition that holds anything ends now. */
async function unreadPartitions(kafka: KafkaConnection, topics: readonly string[]): Promise<Map<string, Unread>> {
  const admin = createAdmin(kafka);
  try {
    const bounds = await admin.logBounds(topics);
    const holding = bounds.filter(({ logStartOffset, logEndOffset }) => logEndOffset > logStartOffset);
    return new Map(
      holding.map(({ topic, partition, logStartOffset, logEndOffset }) => [
        `${topic}/${partition}`,
        { next: logStartOffset, end: logEndOffset },
      ]),
    );
  } finally {
    await admin.close();
  }
}

const recordOf = (topic: string, partition: number, message: KafkaMessage): ConsumedRecord => ({
  topic,
  partition,
  offset: Number(message.offset),
  key: message.key,
  value: message.value,
  headers: message.headers ?? {},
  timestamp: Number(message.timestamp),
});

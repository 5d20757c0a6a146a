/** The topics as another consumer of the hospital would read them, and as a producer that is not ours would write them. */
import type { Topic, TopicEvents } from '@clinstream/contracts';
import { createKafka, type KafkaConnection } from '@clinstream/runtime/kafka';
import { createCodecs } from '@clinstream/runtime/registry';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { type TestStack, uniqueName } from '@clinstream/testkit';
import { until } from './house.ts';

export type LogRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
};

const connectionTo = (stack: TestStack): KafkaConnection => createKafka(stack.kafkaConfig, createSilentTelemetry());

export async function recordsIn(stack: TestStack, topics: readonly string[]): Promise<number> {
  const admin = stack.admin();
  try {
    return (await admin.logBounds(topics)).reduce(
      (sum, { logStartOffset, logEndOffset }) => sum + logEndOffset - logStartOffset,
      0,
    );
  } finally {
    await admin.close();
  }
}

export type StoredOffset = { readonly topic: string; readonly partition: number; readonly next_offset: number };

/** Which of a store's offsets are not at the end of the log. */
export async function behindLog(stack: TestStack, offsets: readonly StoredOffset[]): Promise<readonly StoredOffset[]> {
  const admin = stack.admin();
  const bounds = await admin.logBounds([...new Set(offsets.map(({ topic }) => topic))]).finally(() => admin.close());
  return offsets.filter(({ topic, partition, next_offset }) =>
    bounds.every((log) => log.topic !== topic || log.partition !== partition || log.logEndOffset !== next_offset),
  );
}

/** Everything in these topics now; per partition in the log's order. */
export async function readLog(stack: TestStack, topics: readonly string[]): Promise<readonly LogRecord[]> {
  const expected = await recordsIn(stack, topics);
  const records: LogRecord[] = [];
  const consumer = connectionTo(stack)
    .client()
    .consumer({ groupId: uniqueName('e2e-reader'), maxWaitTimeInMs: 50 });
  await consumer.connect();
  for (const topic of topics) await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]));
      records.push({ topic, partition, offset: Number(message.offset), key: String(message.key), value: message.value, headers });
    },
  });
  try {
    await until(() => records.length >= expected, `${expected} records of ${topics.length} topics`, 30_000);
  } finally {
    await consumer.disconnect();
  }
  return records;
}

/** The events of a topic, decoded. */
export async function readEvents<T extends Topic>(
  stack: TestStack,
  topic: T,
): Promise<readonly { readonly record: LogRecord; readonly event: TopicEvents[T] }[]> {
  const codecs = createCodecs({ registry: stack.registryConfig, topics: [topic], telemetry: createSilentTelemetry() });
  await codecs.start();
  const records = await readLog(stack, [topic]);
  const events = await Promise.all(
    records.map(async (record) => ({ record, event: await codecs.decode(topic, record.value ?? Buffer.alloc(0)) })),
  );
  await codecs.stop(AbortSignal.timeout(1_000));
  return events;
}

export type RawRecord = {
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Writes bytes past our producer and its checks. */
export async function writeRaw(stack: TestStack, topic: string, records: readonly RawRecord[]): Promise<void> {
  const producer = connectionTo(stack).client().producer();
  await producer.connect();
  await producer.send({ topic, messages: records.map((record) => ({ ...record, headers: { ...record.headers } })) });
  await producer.disconnect();
}

/** Encodes as a producer with our schema would. */
export async function encode<T extends Topic>(stack: TestStack, topic: T, value: TopicEvents[T]): Promise<Buffer> {
  const codecs = createCodecs({ registry: stack.registryConfig, topics: [topic], telemetry: createSilentTelemetry() });
  await codecs.start();
  const bytes = codecs.encode(topic, value);
  await codecs.stop(AbortSignal.timeout(1_000));
  return bytes;
}

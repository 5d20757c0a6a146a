/** What the integration tests of consumer, producer and pipeline share: topics of their own, JSON in place of Avro. Test-only. */
import assert from 'node:assert/strict';
import { deadLetterTopicOf, type Envelope, retryTiers, retryTopicOf, type Topic, type TopicEvents } from '@clinstream/contracts';
import { type TestStack, uniqueName, waitFor } from '@clinstream/testkit';
import { done } from '../consumer/types.ts';
import { runtimeError } from '../errors/classify.ts';
import { createAdmin } from '../kafka/admin.ts';
import { createKafka } from '../kafka/create-kafka.ts';
import type { KafkaAdmin, KafkaConnection } from '../kafka/types.ts';
import type { Component } from '../lifecycle/component.ts';
import { createEventProducer } from '../producer/create-event-producer.ts';
import type { EventProducer, ProducerLimits } from '../producer/types.ts';
import type { Codecs } from '../registry/types.ts';
import { createSilentTelemetry, type Telemetry } from '../telemetry/telemetry.ts';
import type { ConsumerDeps } from './create-event-consumer.ts';
import type { EventConsumerOptions } from './types.ts';

/** The event of these tests: `n` counts up per key. */
export type Counted = { readonly key: string; readonly n: number };

export type Fixture = {
  readonly topic: Topic;
  readonly group: string;
  readonly kafka: KafkaConnection;
  readonly telemetry: Telemetry;
  readonly admin: KafkaAdmin;
  readonly producer: EventProducer;
  readonly deps: ConsumerDeps;
  /** Errors given to onFatal. */
  readonly fatal: Error[];
  publish(events: readonly Counted[]): Promise<void>;
  /** Options with a handler that does nothing. */
  options(more?: Partial<EventConsumerOptions<Topic>>): EventConsumerOptions<Topic>;
  committed(): Promise<number>;
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** All records of a topic as they stand in the log. */
  readAll(topic: string, expected: number): Promise<readonly LogRecord[]>;
  /** Starts it; `close` stops it, should the test not have done so. */
  started<C extends Component>(component: C): Promise<C>;
  close(): Promise<void>;
};
export type LogRecord = {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
};

export const countedOf = (event: unknown): Counted => event as Counted;
/** Long enough for a rebalance and a restart on a busy machine. */
export const until = (condition: () => boolean | Promise<boolean>, what: string) =>
  waitFor(condition, { deadlineMs: 40_000, what, everyMs: 20 });
export const stopSoon = (): AbortSignal => AbortSignal.timeout(10_000);

const jsonCodecs: Codecs = {
  name: 'codecs',
  start: async () => {},
  stop: async () => {},
  readiness: () => ({ ready: true }),
  encode: (_topic, value) => Buffer.from(JSON.stringify(value)),
  decode: <T extends Topic>(_topic: T, bytes: Buffer) => {
    try {
      return JSON.parse(bytes.toString()) as TopicEvents[T];
    } catch {
      throw runtimeError('AVRO_UNREADABLE', 'decode');
    }
  },
};

export const envelopeFor = (id: string): Envelope => ({
  eventId: id,
  eventType: 'Counted',
  occurredAt: 1,
  correlationId: id,
  traceparent: null,
  source: 'test',
  attempt: 1,
});

export type FixtureOptions = {
  readonly partitions?: number;
  readonly retryTopics?: boolean;
  readonly limits?: Partial<ProducerLimits>;
};

export async function createFixture(stack: Pick<TestStack, 'kafkaConfig'>, options: FixtureOptions = {}): Promise<Fixture> {
  const topic = uniqueName('counted') as Topic;
  const group = uniqueName('group');
  const telemetry = createSilentTelemetry();
  const kafka = createKafka(stack.kafkaConfig, telemetry);
  const admin = createAdmin(kafka);
  const names = [deadLetterTopicOf(group), ...(options.retryTopics ? retryTiers.map((tier) => retryTopicOf(group, tier)) : [])];
  await admin.createTopics([
    { topic, partitions: options.partitions ?? 6 },
    ...names.map((name) => ({ topic: name, partitions: 1 })),
  ]);
  const producer = createEventProducer({
    kafka,
    codecs: jsonCodecs,
    telemetry,
    ...(options.limits ? { limits: options.limits } : {}),
  });
  await producer.start();
  const fatal: Error[] = [];
  const running: Component[] = [];
  const deps: ConsumerDeps = { kafka, codecs: jsonCodecs, producer, telemetry, onFatal: (error) => void fatal.push(error) };
  return {
    topic,
    group,
    kafka,
    telemetry,
    admin,
    producer,
    deps,
    fatal,
    async publish(events) {
      const publishOne = (event: Counted) =>
        producer.publish({ topic, key: event.key, value: event as never, envelope: envelopeFor(`${event.key}-${event.n}`) });
      await Promise.all(events.map(publishOne));
    },
    options: (more = {}) => ({
      group,
      topics: [topic],
      handle: async () => done,
      concurrency: 100,
      handlerTimeoutMs: 30_000,
      retry: { attempts: 3, baseDelayMs: 5, maxInPlaceDelayMs: 10_000, tiers: false },
      limits: { maxRecords: 1_000, maxBytes: 16_000_000, maxSpan: 10_000 },
      ...more,
    }),
    committed: async () => (await admin.groupOffsets(group, [topic])).reduce((sum, { offset }) => sum + Math.max(0, offset), 0),
    metric: (name, labels = {}) => metricOf(telemetry, name, labels),
    readAll: (name, expected) => readAll(kafka, name, expected),
    async started(component) {
      running.push(component);
      await component.start();
      return component;
    },
    async close() {
      await Promise.all(running.map((component) => component.stop(stopSoon())));
      await producer.stop(stopSoon());
      await admin.close();
      assert.deepEqual(fatal, []);
    },
  };
}

async function metricOf({ registry }: Telemetry, name: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const metric = (await registry.getMetricsAsJSON()).find((one) => one.name === name);
  const matching = metric?.values.filter((value) =>
    Object.entries(labels).every(([label, wanted]) => String((value.labels as Record<string, unknown>)[label]) === wanted),
  );
  return matching?.reduce((sum, { value }) => sum + value, 0) ?? 0;
}

async function readAll(kafka: KafkaConnection, topic: string, expected: number): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  const consumer = kafka.client().consumer({ groupId: uniqueName('reader'), maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]));
      records.push({ partition, offset: Number(message.offset), key: String(message.key), value: message.value, headers });
    },
  });
  try {
    await waitFor(() => records.length >= expected, { deadlineMs: 20_000, what: `${expected} records of ${topic}` });
  } finally {
    await consumer.disconnect();
  }
  return records;
}

/** Events 0..perKey-1 of every key, interleaved. */
export const countedEvents = (keys: number, perKey: number): readonly Counted[] =>
  Array.from({ length: keys * perKey }, (_, i) => ({ key: `k${i % keys}`, n: Math.floor(i / keys) }));

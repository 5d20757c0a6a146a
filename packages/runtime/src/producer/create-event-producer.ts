/**
 * Publishes events and raw records with acks=all. Promises what types.ts says: resolves only when confirmed, order per topic-partition is the
 * order of calls, also across retries. Not promised: order between partitions; that a rejected publish did not happen.
 * Records wait for their topic's partition count in the order they came, then go to the lane of their partition (see lane.ts).
 */
import type { LogPosition, Topic } from '@clinstream/contracts';
import type { Message } from 'kafkajs';
import type { AppError } from '../errors/app-error.ts';
import { backOffDelay, dependencyBackOff, sleep, whenAborted } from '../errors/back-off.ts';
import { classify, runtimeError } from '../errors/classify.ts';
import { createOutage } from '../kafka/outage.ts';
import type { KafkaConnection } from '../kafka/types.ts';
import type { Codecs } from '../registry/types.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { envelopeHeaders, type RecordHeaders, recordBytes } from './envelope-headers.ts';
import type { Outgoing } from './lane.ts';
import { producerMetrics } from './metrics.ts';
import { createTopicLanes, type TopicLanes } from './topic-lanes.ts';
import { createTransport, type Transport } from './transport.ts';
import {
  defaultProducerLimits,
  type EventProducer,
  type OutgoingEvent,
  type OutgoingRecord,
  type ProducerLimits,
} from './types.ts';

export type EventProducerOptions = {
  readonly kafka: KafkaConnection;
  readonly codecs: Pick<Codecs, 'encode'>;
  readonly telemetry: Telemetry;
  readonly limits?: Partial<ProducerLimits>;
  /** For tests: another way to append records. */
  readonly transport?: Transport;
};

const expiryCheckMs = 100;

export function createEventProducer(options: EventProducerOptions): EventProducer {
  const { codecs, telemetry, transport = createTransport(options.kafka) } = options;
  const limits: ProducerLimits = { ...defaultProducerLimits, ...options.limits };
  const metrics = createMetrics(telemetry.registry, producerMetrics);
  const outage = createOutage(telemetry.log, { dependency: 'kafka', component: 'producer' });
  const stopping = new AbortController();
  const topics = new Map<string, TopicLanes>();
  const dirty = new Set<TopicLanes>();
  let accepting = true;
  let queuedRecords = 0;
  let queuedBytes = 0;
  let flushScheduled = false;
  let expiry: NodeJS.Timeout | null = null;
  const drained: (() => void)[] = [];
  let probing: Promise<void> = Promise.resolve();
  metrics.queued.onCollect(() => metrics.queued.set(queuedRecords));

  const lanesOf = (topic: string): TopicLanes => {
    const known = topics.get(topic);
    if (known) return known;
    const made = createTopicLanes(topic, {
      transport,
      limits,
      now: telemetry.clock.now,
      stopping: stopping.signal,
      ...laneEvents(topic),
    });
    topics.set(topic, made);
    return made;
  };

  const laneEvents = (topic: string) => {
    const records = metrics.records.labels({ topic });
    const batchRecords = metrics.batchRecords.labels({ topic });
    const sendSeconds = metrics.sendSeconds.labels({ topic });
    return {
      events: {
        confirmed: (count: number, seconds: number): void => {
          records.inc(count);
          batchRecords.observe(count);
          sendSeconds.observe(seconds);
          outage.up();
        },
        retrying: (error: AppError): void => {
          metrics.retries.labels({ topic, error_code: error.code }).inc();
          noticeDown(error);
        },
      },
    };
  };

  /** Says once that Kafka is away and looks until it is back, also when nobody publishes. */
  const noticeDown = (error: AppError): void => {
    if (outage.down(error)) probing = probe();
  };
  const probe = async (): Promise<void> => {
    for (let attempt = 1; outage.problem() !== null && !stopping.signal.aborted; attempt++) {
      try {
        await transport.ping();
        return outage.up();
      } catch (error) {
        outage.down(classify(error, 'publish'));
      }
      await sleep(backOffDelay(dependencyBackOff, attempt), stopping.signal);
    }
  };

  const flushDirty = (): void => {
    flushScheduled = false;
    for (const lanes of dirty) lanes.flush();
    dirty.clear();
  };

  const expireLate = (): void => {
    const now = telemetry.clock.now();
    for (const lanes of topics.values()) lanes.expire(now);
  };

  const settle = (bytes: number): void => {
    queuedRecords--;
    queuedBytes -= bytes;
    if (queuedRecords > 0) return;
    if (expiry) clearInterval(expiry);
    expiry = null;
    for (const resolve of drained.splice(0)) resolve();
  };

  const enqueue = (
    topic: string,
    record: Omit<Message, 'key' | 'value'> & { key: Buffer | null; value: Buffer | null; headers: RecordHeaders },
    maxBytes: number,
  ): Promise<LogPosition> =>
    new Promise((resolve, reject) => {
      const bytes = recordBytes(record.key, record.value, record.headers);
      const refusal = refuse(bytes, maxBytes, topic);
      if (refusal) return reject(refusal);
      const item: Outgoing = {
        message: record as Message,
        bytes,
        deadline: telemetry.clock.now() + limits.deliveryTimeoutMs,
        settled: false,
        succeed(offset) {
          if (item.settled) return;
          item.settled = true;
          settle(bytes);
          resolve({ topic, partition: item.message.partition ?? 0, offset });
        },
        fail(error) {
          if (item.settled) return;
          item.settled = true;
          settle(bytes);
          metrics.failures.labels({ topic, error_code: error.code }).inc();
          reject(error);
        },
      };
      accept(lanesOf(topic), item);
    });

  const refuse = (bytes: number, maxBytes: number, topic: string): AppError | null => {
    if (!accepting) return runtimeError('PRODUCER_STOPPED', 'publish');
    if (bytes > maxBytes) {
      metrics.failures.labels({ topic, error_code: 'RECORD_TOO_LARGE' }).inc();
      return runtimeError('RECORD_TOO_LARGE', 'publish', {
        message: `record for ${topic} has ${bytes} bytes, at most ${maxBytes} may be sent`,
      });
    }
    if (queuedBytes + bytes <= limits.maxQueuedBytes) return null;
    return runtimeError('KAFKA_UNAVAILABLE', 'publish', { message: 'too much is waiting for Kafka to confirm' });
  };

  const accept = (lanes: TopicLanes, item: Outgoing): void => {
    queuedRecords++;
    queuedBytes += item.bytes;
    expiry ??= setInterval(expireLate, expiryCheckMs);
    lanes.add(item);
    dirty.add(lanes);
    if (flushScheduled) return;
    flushScheduled = true;
    setImmediate(flushDirty);
  };

  const flush = (): Promise<void> => (queuedRecords === 0 ? Promise.resolve() : new Promise((resolve) => drained.push(resolve)));

  return {
    name: 'producer',
    async start() {
      probing = probe();
    },
    async stop(deadline) {
      accepting = false;
      await Promise.race([flush(), whenAborted(deadline)]);
      stopping.abort();
      for (const lanes of topics.values()) lanes.abandon(runtimeError('PRODUCER_STOPPED', 'publish'));
      await probing;
      await Promise.race([transport.close(), sleep(2_000)]);
    },
    readiness: () => {
      const why = accepting ? outage.problem() : 'stopping';
      return why === null ? { ready: true } : { ready: false, why: `kafka: ${why}` };
    },
    async publish<T extends Topic>(event: OutgoingEvent<T>) {
      const value = codecs.encode(event.topic, event.value);
      const record = { key: Buffer.from(event.key), value, headers: envelopeHeaders(event.envelope) };
      return enqueue(event.topic, record, limits.maxRecordBytes);
    },
    async publishRecord({ topic, key, value, headers, partition }: OutgoingRecord) {
      const record = { key: typeof key === 'string' ? Buffer.from(key) : key, value, headers };
      return enqueue(topic, partition === undefined ? record : { ...record, partition }, limits.maxParkedRecordBytes);
    },
    flush,
  };
}

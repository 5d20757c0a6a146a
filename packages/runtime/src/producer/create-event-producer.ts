/**
 * Publishes events and raw records with acks=all. Promises what types.ts says: resolves only when confirmed, order per topic-partition is the
 * order of calls, also across retries. Not promised: order between partitions; that a rejected publish did not happen.
 * Records wait for their topic's partition count in the order they came, then go to the lane of their partition (see lane.ts).
 */
import type { LogPosition, Topic } from '@clinstream/contracts';
import type { AppError } from '../errors/app-error.ts';
import { whenAborted } from '../errors/back-off.ts';
import { runtimeError } from '../errors/classify.ts';
import { createOutage } from '../kafka/outage.ts';
import type { KafkaConnection } from '../kafka/types.ts';
import type { Codecs } from '../registry/types.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createBacklog } from './backlog.ts';
import { envelopeHeaders, type RecordHeaders, recordBytes } from './envelope-headers.ts';
import { createHealth, type Health } from './health.ts';
import type { LaneEvents, Outgoing } from './lane.ts';
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
  const { now } = telemetry.clock;
  const limits: ProducerLimits = { ...defaultProducerLimits, ...options.limits };
  const metrics = createMetrics(telemetry.registry, producerMetrics);
  const outage = createOutage(telemetry.log, { dependency: 'kafka', component: 'producer' });
  const stopping = new AbortController();
  const health = createHealth({ outage, ping: transport.ping, stopping: stopping.signal });
  const topics = new Map<string, TopicLanes>();
  const backlog = createBacklog({
    everyMs: expiryCheckMs,
    onTick: () => {
      for (const lanes of topics.values()) lanes.expire(now());
    },
  });
  const flushSoon = createFlusher();
  let accepting = true;
  metrics.queued.onCollect(() => metrics.queued.set(backlog.records()));

  const lanesOf = (topic: string): TopicLanes => {
    const known = topics.get(topic);
    if (known) return known;
    const events = laneEvents(topic, metrics, health);
    const made = createTopicLanes(topic, { transport, limits, now, stopping: stopping.signal, events });
    topics.set(topic, made);
    return made;
  };

  const refusal = (bytes: number, maxBytes: number, topic: string): AppError | null => {
    if (!accepting) return runtimeError('PRODUCER_STOPPED', 'publish');
    if (bytes > maxBytes) return tooLarge(topic, bytes, maxBytes);
    return backlog.bytes() + bytes <= limits.maxQueuedBytes ? null : tooMuchWaiting();
  };

  const owner: Owner = {
    settled: (item) => backlog.give(item.bytes),
    refused: (item, error) => metrics.failures.labels({ topic: item.topic, error_code: error.code }).inc(),
  };

  const enqueue = (topic: string, message: OutgoingMessage, maxBytes: number): Promise<LogPosition> =>
    new Promise((resolve, reject) => {
      const bytes = recordBytes(message.key, message.value, message.headers);
      const item = new Queued(owner, { topic, message, bytes, deadline: now() + limits.deliveryTimeoutMs }, resolve, reject);
      const refused = refusal(bytes, maxBytes, topic);
      if (refused) return item.refuse(refused);
      backlog.take(bytes);
      const lanes = lanesOf(topic);
      lanes.add(item);
      flushSoon(lanes);
    });

  return {
    name: 'producer',
    async start() {
      health.start();
    },
    async stop(deadline) {
      accepting = false;
      await Promise.race([backlog.whenEmpty(), whenAborted(deadline)]);
      stopping.abort();
      for (const lanes of topics.values()) lanes.abandon(runtimeError('PRODUCER_STOPPED', 'publish'));
      await Promise.race([health.ended().then(transport.close), whenAborted(AbortSignal.timeout(closeTimeoutMs))]);
    },
    readiness: () => {
      const why = accepting ? health.problem() : 'stopping';
      return why === null ? { ready: true } : { ready: false, why: `kafka: ${why}` };
    },
    publish<T extends Topic>({ topic, key, value, envelope }: OutgoingEvent<T>) {
      try {
        const message = { key: Buffer.from(key), value: codecs.encode(topic, value), headers: envelopeHeaders(envelope) };
        return enqueue(topic, message, limits.maxRecordBytes);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    async publishRecord({ topic, key, value, headers, partition }: OutgoingRecord) {
      const message = { key: typeof key === 'string' ? Buffer.from(key) : key, value, headers };
      return enqueue(topic, partition === undefined ? message : { ...message, partition }, limits.maxParkedRecordBytes);
    },
    flush: backlog.whenEmpty,
  };
}

const closeTimeoutMs = 3_000;

/** Who is told what becomes of a record. */
type Owner = { settled(item: Queued): void; refused(item: Queued, error: AppError): void };
type Accepted = Pick<Outgoing, 'bytes' | 'deadline'> & { readonly topic: string; readonly message: OutgoingMessage };

/** One record on its way and whoever waits for it. A class, not closures: one is made per record. */
class Queued implements Outgoing {
  readonly topic: string;
  readonly message: OutgoingMessage;
  readonly bytes: number;
  readonly deadline: number;
  settled = false;
  readonly #owner: Owner;
  readonly #resolve: (position: LogPosition) => void;
  readonly #reject: (error: AppError) => void;

  constructor(
    owner: Owner,
    { topic, message, bytes, deadline }: Accepted,
    resolve: (position: LogPosition) => void,
    reject: (error: AppError) => void,
  ) {
    this.topic = topic;
    this.message = message;
    this.bytes = bytes;
    this.deadline = deadline;
    this.#owner = owner;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  succeed(offset: number): void {
    if (this.#settle()) this.#resolve({ topic: this.topic, partition: this.message.partition ?? 0, offset });
  }

  fail(error: AppError): void {
    if (this.#settle()) this.refuse(error);
  }

  /** Counts it and answers. By itself only for a record that was never taken. */
  refuse(error: AppError): void {
    this.#owner.refused(this, error);
    this.#reject(error);
  }

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.#owner.settled(this);
    return true;
  }
}

type OutgoingMessage = { key: Buffer | null; value: Buffer | null; headers: RecordHeaders; partition?: number };

function laneEvents(topic: string, metrics: Metrics<typeof producerMetrics>, health: Health): LaneEvents {
  const records = metrics.records.labels({ topic });
  const batchRecords = metrics.batchRecords.labels({ topic });
  const sendSeconds = metrics.sendSeconds.labels({ topic });
  return {
    confirmed(count, seconds) {
      records.inc(count);
      batchRecords.observe(count);
      sendSeconds.observe(seconds);
      health.up();
    },
    retrying(error) {
      metrics.retries.labels({ topic, error_code: error.code }).inc();
      health.down(error);
    },
  };
}

/** Sends once per turn of the event loop, so that everything published in one turn shares its sends and an idle lane waits for nothing. */
function createFlusher(): (lanes: TopicLanes) => void {
  const dirty = new Set<TopicLanes>();
  const flush = (): void => {
    const due = [...dirty];
    dirty.clear();
    for (const lanes of due) lanes.flush();
  };
  return (lanes) => {
    if (dirty.size === 0) setImmediate(flush);
    dirty.add(lanes);
  };
}

const tooLarge = (topic: string, bytes: number, maxBytes: number): AppError =>
  runtimeError('RECORD_TOO_LARGE', 'publish', {
    message: `record for ${topic} has ${bytes} bytes, at most ${maxBytes} may be sent`,
  });
const tooMuchWaiting = (): AppError =>
  runtimeError('KAFKA_UNAVAILABLE', 'publish', { message: 'too much is waiting for Kafka to confirm' });

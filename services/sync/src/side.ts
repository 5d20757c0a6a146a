/**
 * One side of sync: a target with its intake, ledger, dispatcher and teller, and connections of its own, so that two sides in one process
 * share nothing (ADR 0011). Components in the order they start.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Topic, topics } from '@clinstream/contracts';
import type { KafkaConfig, PostgresConfig, RegistryConfig } from '@clinstream/runtime/config';
import type { ConsumerLimits } from '@clinstream/runtime/consumer';
import { createKafka } from '@clinstream/runtime/kafka';
import type { AppDeps, Component, OnFatal } from '@clinstream/runtime/lifecycle';
import { type BatchConsumer, createBatchConsumer } from '@clinstream/runtime/pipeline';
import { createPostgres, type Postgres } from '@clinstream/runtime/postgres';
import { createEventProducer, type EventProducer } from '@clinstream/runtime/producer';
import { createCodecs } from '@clinstream/runtime/registry';
import type { Telemetry } from '@clinstream/runtime/telemetry';
import { createDispatcher, type Dispatcher } from './delivery/dispatcher.ts';
import type { Target, TargetName } from './delivery/target.ts';
import type { Rate } from './domain/token-bucket.ts';
import { createIntake } from './intake/intake.ts';
import type { IntakeObserver } from './intake/observer.ts';
import { groupOf, topicsOf } from './intake/topics.ts';
import { createLedger } from './ledger/ledger.ts';
import { createTeller, sweepTimes } from './ledger/teller.ts';

/** What a target may build on. */
export type TargetDeps = {
  readonly telemetry: Telemetry;
  readonly postgres: Postgres;
  readonly producer: Pick<EventProducer, 'publish'>;
  readonly onFatal: OnFatal;
};
/** A target with what belongs to it: parts that read along, and parts that run beside (a poller, a clock of alerts). */
export type TargetParts = {
  readonly target: Target;
  readonly observers: readonly IntakeObserver[];
  readonly components: readonly Component[];
};

export type DeliverySettings = {
  readonly batchRecords: number;
  readonly appliedEventsDays: number;
  readonly historyDays: number | null;
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly drainMs: number;
  readonly maxAttempts: number;
  readonly maxWorks: number;
};
export type SideOptions = {
  readonly name: TargetName;
  readonly kafka: KafkaConfig;
  readonly registry: RegistryConfig;
  readonly postgres: PostgresConfig;
  readonly delivery: DeliverySettings;
  readonly concurrency: number;
  readonly rate: Rate;
  readonly makeTarget: (deps: TargetDeps) => TargetParts;
};
export type Side = {
  readonly components: readonly Component[];
  readonly consumer: BatchConsumer;
  readonly dispatcher: Dispatcher;
  readonly postgres: Postgres;
};

export function createSide(options: SideOptions, { telemetry, onFatal }: AppDeps): Side {
  const { name, delivery } = options;
  const postgres = createPostgres(options.postgres, telemetry);
  const kafka = createKafka(options.kafka, telemetry, { clientId: `clinstream-sync-${name}` });
  const codecs = createCodecs({ registry: options.registry, topics: codecTopics(name), telemetry });
  const producer = createEventProducer({ kafka, codecs, telemetry });
  const { target, observers, components } = options.makeTarget({ telemetry, postgres, producer, onFatal });
  const ledger = createLedger({
    postgres,
    target: name,
    holder: `${hostname()}/${process.pid}/${randomUUID()}`,
    leaseMs: delivery.leaseMs,
    maxAttempts: delivery.maxAttempts,
    maxWorks: delivery.maxWorks,
    now: telemetry.clock.now,
    random: Math.random,
    sweepAfterMs: sweepTimes.afterMs,
  });
  const teller = createTeller({ postgres, producer, telemetry, target: name });
  const dispatcher = createDispatcher(
    { ...delivery, concurrency: options.concurrency, rate: options.rate },
    { target, ledger, producer, teller, postgres, telemetry, onFatal },
  );
  const intake = createIntake(delivery, {
    postgres,
    telemetry,
    target: name,
    takes: target.takes,
    observers,
    onMarked: dispatcher.wake,
  });
  const consumer = createBatchConsumer(
    {
      group: groupOf[name],
      topics: [...new Set([...topicsOf[name], ...observers.flatMap((observer) => observer.topics)])],
      startAt: intake.startAt,
      apply: intake.apply,
      maxBatchRecords: delivery.batchRecords,
      limits: limitsFor(delivery.batchRecords),
    },
    { kafka, codecs, producer, telemetry, onFatal },
  );
  return {
    components: [postgres, codecs, producer, teller, target, ...components, dispatcher, consumer],
    consumer,
    dispatcher,
    postgres,
  };
}

/** What is read, and what this service may publish. */
const codecTopics = (name: TargetName): readonly Topic[] => [
  ...new Set<Topic>([...topicsOf[name], topics.deliveries, topics.orders, topics.alerts]),
];

/** Two batches in hand and one on its way: the next is decoded while this one is written. */
const limitsFor = (batchRecords: number): ConsumerLimits => ({
  maxRecords: batchRecords * 3,
  maxBytes: 32 * 1024 * 1024,
  maxSpan: batchRecords * 10,
});

/**
 * Event by event, in key order (see event-pipeline.ts): the group's topics, and with `retry.tiers` also its own retry topics, read by a small
 * second group `<group>.retry` that waits until each record is due.
 */
import { retryTiers, retryTopicOf, type Topic } from '@clinstream/contracts';
import { createRecordConsumer, type RecordConsumer, type RecordHandler } from '../consumer/record-consumer.ts';
import { sleep } from '../errors/back-off.ts';
import { createAdmin } from '../kafka/admin.ts';
import type { KafkaConnection } from '../kafka/types.ts';
import { waitUntilCaughtUp } from './caught-up.ts';
import { createEventPipeline, type EventPipeline, type EventPipelineDeps } from './event-pipeline.ts';
import { retryDueAt } from './exits.ts';
import type { EventConsumer, EventConsumerOptions } from './types.ts';

export type ConsumerDeps = EventPipelineDeps & { readonly kafka: KafkaConnection };

const retryLimits = { maxRecords: 500, maxBytes: 8 * 1024 * 1024, maxSpan: 5_000 };
const retryMaxWaitMs = 1_000;

export function createEventConsumer<T extends Topic>(options: EventConsumerOptions<T>, deps: ConsumerDeps): EventConsumer {
  const { group, topics, limits } = options;
  const pipeline = createEventPipeline(options, deps);
  const admin = createAdmin(deps.kafka);
  const main: RecordConsumer = createRecordConsumer(
    { group, topics, limits, handler: handlerOf(pipeline, () => main, pipeline.hold) },
    deps,
  );
  const retry = options.retry.tiers ? createRetryConsumer(options, deps, pipeline) : null;
  const consumers = retry ? [main, retry] : [main];
  const quiesce = (): void => {
    for (const consumer of consumers) consumer.quiesce();
  };
  return {
    name: `event consumer ${group}`,
    async start() {
      for (const consumer of consumers) await consumer.start();
    },
    quiesce,
    async stop(deadline) {
      quiesce();
      await pipeline.drain(deadline);
      await Promise.all(consumers.map((consumer) => consumer.stop(deadline)));
      await admin.close();
    },
    readiness() {
      const problem = pipeline.problem();
      if (problem !== null) return { ready: false, why: `group ${group}: ${problem}` };
      return consumers.map((consumer) => consumer.readiness()).find(({ ready }) => !ready) ?? { ready: true };
    },
    whenCaughtUp: (signal) => waitUntilCaughtUp({ admin, group, topics, commitNow: main.commitNow, sleep }, signal),
  };
}

function createRetryConsumer<T extends Topic>(
  { group }: EventConsumerOptions<T>,
  deps: ConsumerDeps,
  pipeline: EventPipeline,
): RecordConsumer {
  const consumer: RecordConsumer = createRecordConsumer(
    {
      group: `${group}.retry`,
      topics: retryTiers.map((tier) => retryTopicOf(group, tier)),
      limits: retryLimits,
      maxWaitMs: retryMaxWaitMs,
      dueAt: (record) => retryDueAt(group, record),
      handler: handlerOf(
        pipeline,
        () => consumer,
        (isFenced) => pipeline.fence(consumer, isFenced),
      ),
    },
    deps,
  );
  return consumer;
}

const handlerOf = (
  pipeline: EventPipeline,
  source: () => RecordConsumer,
  fenced: (isFenced: boolean) => void,
): RecordHandler => ({
  accept: (record) => pipeline.accept(record, source()),
  pump: pipeline.pump,
  lost: pipeline.lost,
  fenced,
});

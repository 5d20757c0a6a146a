/**
 * Batch by batch for a sink. No timer: while one batch is applied the next gathers, so batches grow with load and a lone record goes at once.
 * Promises: records of a partition are applied in offset order, each progress follows on the one before; Kafka offsets are committed only
 * after `apply` resolved, as a hint (the store's own position decides, see startAt). An undecodable or poisonous record is on the
 * dead-letter topic before its offset is part of any progress.
 */
import type { Topic } from '@clinstream/contracts';
import type { Lease } from '../consumer/offset-tracker.ts';
import { createRecordConsumer, type RecordConsumer } from '../consumer/record-consumer.ts';
import { sleep, whenAborted } from '../errors/back-off.ts';
import { classify } from '../errors/classify.ts';
import { createAdmin } from '../kafka/admin.ts';
import { createBatchApplier } from './batch-applier.ts';
import { waitUntilCaughtUp } from './caught-up.ts';
import type { ConsumerDeps } from './create-event-consumer.ts';
import { createPartitionQueues } from './partition-queues.ts';
import type { BatchConsumer, BatchConsumerOptions } from './types.ts';

export function createBatchConsumer<T extends Topic>(options: BatchConsumerOptions<T>, deps: ConsumerDeps): BatchConsumer {
  const { group, topics, limits } = options;
  const log = deps.telemetry.log.child({ component: 'sink', group });
  const admin = createAdmin(deps.kafka);
  const queues = createPartitionQueues();
  const stopping = new AbortController();
  const positions = new Map<Lease, number>();
  let clusterId = '';
  let isHeld = true;
  let isPumpDue = false;
  let working: Promise<void> | null = null;
  const applier = createBatchApplier(options, { ...deps, log, positions, clusterId: () => clusterId, stopping: stopping.signal });

  const consumer: RecordConsumer = createRecordConsumer(
    {
      group,
      topics,
      limits,
      handler: {
        accept: (record) => queues.add(record),
        pump: () => pumpSoon(),
        startAt: (leases) => startAt(leases),
        lost: (leases) => {
          for (const lease of leases) positions.delete(lease);
          for (const record of queues.drop(leases)) consumer.abandon(record);
        },
        fenced: (isFenced) => {
          isHeld = isFenced;
        },
      },
    },
    deps,
  );

  const startAt = async (leases: readonly Lease[]): Promise<ReadonlyMap<Lease, number | null>> => {
    await applier.idle(); // what an earlier possession still writes would make the store's answer stale
    clusterId = await admin.clusterId();
    const bounds = await admin.logBounds(topics);
    const assigned = leases.map(({ topic, partition }) => {
      const found = bounds.find((one) => one.topic === topic && one.partition === partition);
      return { topic, partition, logStartOffset: found?.logStartOffset ?? 0, logEndOffset: found?.logEndOffset ?? 0 };
    });
    const starts = await options.startAt(clusterId, assigned);
    const answers = leases.map((lease) => {
      const start = starts.find((one) => one.topic === lease.topic && one.partition === lease.partition);
      return [lease, start?.nextOffset ?? null] as const;
    });
    for (const [lease, offset] of answers) if (offset !== null && lease.isOwned) positions.set(lease, offset);
    return new Map(answers);
  };

  const isWorkDue = (): boolean => !isHeld && !stopping.signal.aborted && queues.size() > 0;

  /** One turn later: a fetch hands over its partitions one by one, and what came together is applied together. */
  const pumpSoon = (): void => {
    if (isPumpDue) return;
    isPumpDue = true;
    setImmediate(() => {
      isPumpDue = false;
      pump();
    });
  };

  const pump = (): void => {
    if (working || !isWorkDue()) return;
    working = work()
      .catch((error: unknown) => deps.onFatal(classify(error, 'sink')))
      .finally(() => {
        working = null;
        pump();
      });
  };

  /** One batch after the other while there is something to apply. */
  const work = async (): Promise<void> => {
    while (isWorkDue()) {
      const records = queues.take(options.maxBatchRecords);
      const applied = await applier.apply(records);
      for (const record of records) {
        if (applied.has(record)) consumer.done(record);
        else consumer.abandon(record);
      }
    }
  };

  const waitForWork = async (deadline: AbortSignal): Promise<void> => {
    await Promise.race([working ?? Promise.resolve(), whenAborted(deadline)]);
  };

  return {
    name: `batch consumer ${group}`,
    start: () => consumer.start(),
    quiesce: () => consumer.quiesce(),
    async stop(deadline) {
      consumer.quiesce();
      stopping.abort();
      for (const record of queues.drop(null)) consumer.abandon(record);
      await waitForWork(deadline);
      await consumer.stop(deadline);
      await admin.close();
    },
    readiness() {
      const problem = applier.problem();
      return problem === null ? consumer.readiness() : { ready: false, why: `group ${group}: ${problem}` };
    },
    whenCaughtUp: (signal) => waitUntilCaughtUp({ admin, group, topics, commitNow: consumer.commitNow, sleep }, signal),
  };
}

/** The batch consumer against a real Kafka, with a store in memory that checks every progress as Postgres would. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deadLetterTopicOf, type Topic } from '@clinstream/contracts';
import { type TestStack, testStack } from '@clinstream/testkit';
import { AppError } from '../errors/app-error.ts';
import { runtimeError } from '../errors/classify.ts';
import { createBatchConsumer } from './create-batch-consumer.ts';
import { countedEvents, countedOf, createFixture, type Fixture, stopSoon, until } from './pipeline.fixture.test.ts';
import type { BatchConsumerOptions, DecodedRecord, PartitionProgress } from './types.ts';

let stack: TestStack;
before(async () => {
  stack = await testStack();
});
after(() => stack?.stop());

/** Rows and next offsets move together or not at all; a progress that does not follow on its predecessor is refused. */
function createStore() {
  const next = new Map<number, number>();
  const rows: { readonly partition: number; readonly offset: number; readonly key: string; readonly n: number }[] = [];
  const faults: string[] = [];
  const asked: number[] = [];
  return {
    next,
    rows,
    faults,
    asked,
    clusters: new Set<string>(),
    apply(records: readonly DecodedRecord[], progress: readonly PartitionProgress[]): void {
      for (const { partition, fromOffset, nextOffset } of progress) {
        const known = next.get(partition);
        if (known !== undefined && known !== fromOffset) faults.push(`partition ${partition}: ${fromOffset} after ${known}`);
        if (nextOffset <= fromOffset) faults.push(`partition ${partition}: ${nextOffset} is no progress`);
        next.set(partition, nextOffset);
      }
      for (const { partition, offset, event } of records) rows.push({ partition, offset, ...countedOf(event) });
    },
    /** In offset order per partition, none twice. */
    assertOrdered(): void {
      const last = new Map<number, number>();
      for (const { partition, offset } of rows) {
        assert.ok(offset > (last.get(partition) ?? -1), `partition ${partition} offset ${offset}`);
        last.set(partition, offset);
      }
    },
  };
}
type Store = ReturnType<typeof createStore>;

const optionsFor = (
  fixture: Fixture,
  store: Store,
  more: Partial<BatchConsumerOptions<Topic>> = {},
): BatchConsumerOptions<Topic> => ({
  group: fixture.group,
  topics: [fixture.topic],
  startAt: async (clusterId, partitions) => {
    store.clusters.add(clusterId);
    return partitions.map(({ topic, partition, logEndOffset }) => {
      store.asked.push(logEndOffset);
      return { topic, partition, nextOffset: store.next.get(partition) ?? null };
    });
  },
  apply: async (records, progress) => store.apply(records, progress),
  maxBatchRecords: 100,
  limits: { maxRecords: 2_000, maxBytes: 16_000_000, maxSpan: 50_000 },
  ...more,
});

async function withFixture(work: (fixture: Fixture, store: Store) => Promise<void>, options = {}): Promise<void> {
  const fixture = await createFixture(stack, options);
  const store = createStore();
  try {
    await work(fixture, store);
  } finally {
    await fixture.close();
  }
}

test('applies everything once, in offset order, in batches that follow on each other, and commits as a hint', () =>
  withFixture(async (fixture, store) => {
    await fixture.publish(countedEvents(40, 50));
    const consumer = await fixture.started(createBatchConsumer(optionsFor(fixture, store), fixture.deps));
    await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
    assert.equal(store.rows.length, 2_000);
    assert.deepEqual(store.faults, []);
    store.assertOrdered();
    assert.equal(store.clusters.size, 1);
    assert.equal(
      store.asked.reduce((sum, end) => sum + end, 0),
      2_000,
    );
    assert.equal(await fixture.committed(), 2_000);
  }));

test('the store’s position decides, not Kafka’s commit: back when it is behind, forward when it is ahead', () =>
  withFixture(
    async (fixture, store) => {
      await fixture.publish(countedEvents(1, 100));
      await fixture.admin.setGroupOffsets(fixture.group, [{ topic: fixture.topic, partition: 0, offset: 60 }]);
      store.next.set(0, 20);
      const first = await fixture.started(createBatchConsumer(optionsFor(fixture, store), fixture.deps));
      await first.whenCaughtUp(AbortSignal.timeout(40_000));
      assert.equal(store.rows.length, 80);
      await first.stop(stopSoon());
      await fixture.admin.setGroupOffsets(fixture.group, [{ topic: fixture.topic, partition: 0, offset: 10 }]);
      await fixture.publish([{ key: 'k0', n: 100 }]);
      const second = await fixture.started(createBatchConsumer(optionsFor(fixture, store), fixture.deps));
      await second.whenCaughtUp(AbortSignal.timeout(40_000));
      assert.equal(store.rows.length, 81);
      assert.deepEqual(store.faults, []);
      store.assertOrdered();
    },
    { partitions: 1 },
  ));

test('a store behind a group that has committed everything gets what it lacks, though nothing new comes', () =>
  withFixture(
    async (fixture, store) => {
      await fixture.publish(countedEvents(1, 100));
      await fixture.admin.setGroupOffsets(fixture.group, [{ topic: fixture.topic, partition: 0, offset: 100 }]);
      store.next.set(0, 20);
      await fixture.started(createBatchConsumer(optionsFor(fixture, store), fixture.deps));
      await until(() => store.rows.length === 80, 'what the store lacks');
      assert.deepEqual(store.faults, []);
    },
    { partitions: 1 },
  ));

test('fails N-1 times then succeeds: an absent store is waited out, nothing is skipped or doubled', () =>
  withFixture(async (fixture, store) => {
    let failures = 0;
    const apply: BatchConsumerOptions<Topic>['apply'] = async (records, progress) => {
      if (failures < 4) {
        failures++;
        throw runtimeError('DEPENDENCY_UNAVAILABLE', 'sink');
      }
      store.apply(records, progress);
    };
    const consumer = await fixture.started(createBatchConsumer(optionsFor(fixture, store, { apply }), fixture.deps));
    await fixture.publish(countedEvents(10, 30));
    await until(() => failures >= 3, 'refusals');
    assert.equal(consumer.readiness().ready, false);
    await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
    assert.equal(store.rows.length, 300);
    assert.deepEqual(store.faults, []);
    assert.equal(consumer.readiness().ready, true);
  }));

test('a batch is halved down to the record that fails, that one is parked, its neighbours are stored', () =>
  withFixture(
    async (fixture, store) => {
      const apply: BatchConsumerOptions<Topic>['apply'] = async (records, progress) => {
        if (records.some(({ event }) => countedOf(event).n === 33))
          throw new AppError({ code: 'POSTGRES_REJECTED', kind: 'poison', stage: 'sink', message: 'no' });
        store.apply(records, progress);
      };
      await fixture.producer.publishRecord({ topic: fixture.topic, key: 'x', value: Buffer.from([1]), headers: {} });
      await fixture.publish(countedEvents(1, 100));
      const consumer = await fixture.started(createBatchConsumer(optionsFor(fixture, store, { apply }), fixture.deps));
      await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
      assert.deepEqual(
        store.rows.map(({ n }) => n),
        Array.from({ length: 100 }, (_, n) => n).filter((n) => n !== 33),
      );
      assert.deepEqual(store.faults, []);
      assert.equal(store.next.get(0), 101);
      const parked = await fixture.readAll(deadLetterTopicOf(fixture.group), 2);
      assert.deepEqual(parked.map(({ headers }) => headers['error-code']).sort(), ['AVRO_UNREADABLE', 'POSTGRES_REJECTED']);
    },
    { partitions: 1 },
  ));

test('rebalances in mid-load: two sinks share one store without a gap, a repetition or a step back', () =>
  withFixture(async (fixture, store) => {
    const slowly = async (records: readonly DecodedRecord[], progress: readonly PartitionProgress[]): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 15));
      const isStale = progress.some(
        ({ partition, fromOffset }) => store.next.has(partition) && store.next.get(partition) !== fromOffset,
      );
      if (isStale) throw runtimeError('DEPENDENCY_UNAVAILABLE', 'sink', { message: 'another owner has gone on' });
      store.apply(records, progress);
    };
    const make = () => createBatchConsumer(optionsFor(fixture, store, { apply: slowly, maxBatchRecords: 20 }), fixture.deps);
    const first = await fixture.started(make());
    const total = 60 * 60;
    const publishing = fixture.publish(countedEvents(60, 60));
    await until(() => store.rows.length > 200, 'the first at work');
    const second = await fixture.started(make());
    await until(async () => (await fixture.metric('clinstream_consumer_rebalances_total')) >= 3, 'both are members');
    await until(() => store.rows.length > total / 2, 'half is stored');
    await second.stop(stopSoon());
    await publishing;
    await first.whenCaughtUp(AbortSignal.timeout(40_000));
    assert.equal(store.rows.length, total);
    assert.deepEqual(store.faults, []);
    store.assertOrdered();
  }));

test('a log that is not the one the store knows is fatal, and nothing is applied', () =>
  withFixture(async (fixture, store) => {
    const startAt: BatchConsumerOptions<Topic>['startAt'] = async () => {
      throw new AppError({ code: 'LOG_REPLACED', kind: 'fatal', stage: 'sink', message: 'another cluster' });
    };
    await fixture.publish(countedEvents(5, 5));
    const consumer = await fixture.started(createBatchConsumer(optionsFor(fixture, store, { startAt }), fixture.deps));
    await until(() => fixture.fatal.length === 1, 'onFatal called');
    await consumer.stop(stopSoon());
    assert.equal(store.rows.length, 0);
    assert.equal(await fixture.committed(), 0);
    fixture.fatal.pop();
  }));

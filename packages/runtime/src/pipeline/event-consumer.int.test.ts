/** The event consumer against a real Kafka. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deadLetterTopicOf, parkedHeaderNames, retryTiers, retryTopicOf } from '@clinstream/contracts';
import { type TestStack, testStack } from '@clinstream/testkit';
import { done, park, skip } from '../consumer/types.ts';
import { AppError } from '../errors/app-error.ts';
import { runtimeError } from '../errors/classify.ts';
import { createEventConsumer } from './create-event-consumer.ts';
import { countedEvents, countedOf, createFixture, type Fixture, stopSoon, until } from './pipeline.fixture.test.ts';

let stack: TestStack;
before(async () => {
  stack = await testStack();
});
after(() => stack?.stop());

/** Remembers what was handled and complains about a step back within a key: a first handling must follow its predecessor's. */
function createOracle() {
  const seen = new Map<string, number[]>();
  const running = new Set<string>();
  const faults: string[] = [];
  return {
    faults,
    /** Without `n` only parallel handling is watched: what another member handled is not known here. */
    begin(key: string, n?: number): void {
      if (running.has(key)) faults.push(`${key} handled twice at once`);
      running.add(key);
      if (n === undefined) return;
      const handled = seen.get(key) ?? [];
      const expected = handled.length === 0 ? 0 : Math.max(...handled) + 1;
      if (n > expected) faults.push(`${key}: ${n} before ${expected}`);
    },
    end(key: string, n: number): void {
      running.delete(key);
      seen.set(key, [...(seen.get(key) ?? []), n]);
    },
    distinct: () => [...seen.values()].reduce((sum, handled) => sum + new Set(handled).size, 0),
    total: () => [...seen.values()].reduce((sum, handled) => sum + handled.length, 0),
  };
}

const pauseFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function withFixture(work: (fixture: Fixture) => Promise<void>, options = {}): Promise<void> {
  const fixture = await createFixture(stack, options);
  try {
    await work(fixture);
  } finally {
    await fixture.close();
  }
}

test('order per key under parallel work and retries; everything is handled once and committed', () =>
  withFixture(async (fixture) => {
    const oracle = createOracle();
    const failures = new Map<string, number>();
    const consumer = createEventConsumer(
      fixture.options({
        handle: async (event, { attempt }) => {
          const { key, n } = countedOf(event);
          oracle.begin(key, n);
          await pauseFor((n * 7 + key.length) % 3);
          const id = `${key}-${n}`;
          if (n % 10 === 3 && attempt < 3) {
            failures.set(id, attempt);
            oracle.end(key, n - 1);
            throw new Error('not this time');
          }
          oracle.end(key, n);
          return n % 2 === 0 ? done : skip('ODD');
        },
      }),
      fixture.deps,
    );
    await fixture.started(consumer);
    await fixture.publish(countedEvents(50, 20));
    await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
    assert.deepEqual(oracle.faults, []);
    assert.equal(await fixture.committed(), 1_000);
    assert.equal(await fixture.metric('clinstream_records_total', { outcome: 'done' }), 500);
    assert.equal(await fixture.metric('clinstream_records_total', { outcome: 'skipped', error_code: 'ODD' }), 500);
    assert.deepEqual([...new Set(failures.values())], [2]);
    await consumer.stop(stopSoon());
  }));

test('rebalances in mid-load: nothing is lost, order per key holds, one member’s keys stay together', () =>
  withFixture(async (fixture) => {
    const oracles = [createOracle(), createOracle()];
    const handled = new Set<string>();
    const consumers = oracles.map((oracle) =>
      createEventConsumer(
        fixture.options({
          limits: { maxRecords: 100, maxBytes: 1_000_000, maxSpan: 200 },
          concurrency: 20,
          handle: async (event) => {
            const { key, n } = countedOf(event);
            oracle.begin(key);
            await pauseFor(2);
            oracle.end(key, n);
            handled.add(`${key}-${n}`);
            return done;
          },
        }),
        fixture.deps,
      ),
    );
    const [first, second] = consumers as [(typeof consumers)[0], (typeof consumers)[0]];
    await fixture.started(first);
    let published = 0;
    let isEnough = false;
    const publishing = (async () => {
      while (!isEnough) {
        await fixture.publish(Array.from({ length: 60 }, (_, i) => ({ key: `k${i}`, n: published / 60 })));
        published += 60;
      }
    })();
    await until(() => handled.size > 300, 'the first member at work');
    await fixture.started(second);
    await until(() => (oracles[1]?.total() ?? 0) > 100, 'the second member at work');
    await second.stop(stopSoon());
    const before = oracles[0]?.total() ?? 0;
    await until(() => (oracles[0]?.total() ?? 0) > before + 300, 'the first member at work again');
    isEnough = true;
    await publishing;
    await first.whenCaughtUp(AbortSignal.timeout(40_000));
    assert.equal(handled.size, published);
    assert.equal(await fixture.committed(), published);
    assert.deepEqual(
      oracles.flatMap(({ faults }) => faults),
      [],
    );
    await first.stop(stopSoon());
  }));

test('an absent dependency pauses the group, counts no attempt, keeps the membership, and goes on when it is back', () =>
  withFixture(async (fixture) => {
    let isAway = true;
    let refusals = 0;
    const attempts = new Set<number>();
    const consumer = createEventConsumer(
      fixture.options({
        handle: async (_event, { attempt }) => {
          attempts.add(attempt);
          if (!isAway) return done;
          refusals++;
          throw runtimeError('DEPENDENCY_UNAVAILABLE', 'process');
        },
      }),
      fixture.deps,
    );
    await fixture.started(consumer);
    await fixture.publish(countedEvents(40, 5));
    await until(() => refusals > 4, 'several probes');
    assert.equal(consumer.readiness().ready, false);
    assert.equal(await fixture.metric('clinstream_dependency_down', { group: fixture.group }), 1);
    const rebalances = await fixture.metric('clinstream_consumer_rebalances_total', { group: fixture.group });
    isAway = false;
    await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
    assert.deepEqual([...attempts], [1]);
    assert.equal(await fixture.metric('clinstream_dead_letters_total'), 0);
    assert.equal(await fixture.metric('clinstream_consumer_rebalances_total', { group: fixture.group }), rebalances);
    assert.equal(consumer.readiness().ready, true);
    await consumer.stop(stopSoon());
  }));

test('undecodable, poisonous, exhausted and parked records stand on the dead-letter topic with their own bytes', () =>
  withFixture(async (fixture) => {
    const exhausted: string[] = [];
    const consumer = createEventConsumer(
      fixture.options({
        handle: async (event) => {
          const { key } = countedOf(event);
          if (key === 'poison') throw new AppError({ code: 'BAD', kind: 'poison', stage: 'process', message: 'bad' });
          if (key === 'always') throw new Error('never works');
          if (key === 'parked') return park(new Error('no'));
          return done;
        },
        onExhausted: async (event, error) => void exhausted.push(`${countedOf(event).key} ${(error as AppError).code}`),
      }),
      fixture.deps,
    );
    await fixture.started(consumer);
    const garbage = Buffer.from([255, 0, 1, 2, 3]);
    await fixture.producer.publishRecord({ topic: fixture.topic, key: 'garbage', value: garbage, headers: { 'event-id': 'g' } });
    await fixture.publish(['fine', 'poison', 'always', 'parked'].map((key) => ({ key, n: 0 })));
    await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
    const parked = await fixture.readAll(deadLetterTopicOf(fixture.group), 4);
    const byKey = new Map(parked.map((record) => [record.key, record]));
    assert.deepEqual([...byKey.keys()].sort(), ['always', 'garbage', 'parked', 'poison']);
    assert.deepEqual(byKey.get('garbage')?.value, garbage);
    assert.equal(byKey.get('garbage')?.headers[parkedHeaderNames.errorCode], 'AVRO_UNREADABLE');
    assert.equal(byKey.get('garbage')?.headers[parkedHeaderNames.originTopic], fixture.topic);
    assert.equal(byKey.get('always')?.headers[parkedHeaderNames.attempts], '3');
    assert.equal(byKey.get('parked')?.headers[parkedHeaderNames.errorCode], 'PARKED_BY_HANDLER');
    assert.deepEqual(exhausted.sort(), ['always UNCLASSIFIED', 'poison BAD']);
    await consumer.stop(stopSoon());
  }));

test('if the dead-letter publish fails the offset does not advance; it is tried again until it works', () =>
  withFixture(async (fixture) => {
    let refusals = 0;
    const producer: Fixture['producer'] = {
      ...fixture.producer,
      publishRecord: (record) => {
        if (++refusals > 3) return fixture.producer.publishRecord(record);
        return Promise.reject(runtimeError('KAFKA_UNAVAILABLE', 'publish'));
      },
    };
    let tries = 0;
    const handle = async () => {
      tries++;
      throw new AppError({ code: 'BAD', kind: 'poison', stage: 'process', message: 'bad' });
    };
    const consumer = createEventConsumer(fixture.options({ handle }), { ...fixture.deps, producer });
    await fixture.started(consumer);
    await fixture.publish([{ key: 'a', n: 0 }]);
    await until(() => refusals === 2, 'two refused dead letters');
    assert.equal(await fixture.committed(), 0);
    await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
    assert.equal(tries, 1);
    assert.equal((await fixture.readAll(deadLetterTopicOf(fixture.group), 1)).length, 1);
    await consumer.stop(stopSoon());
  }));

test('long waits go through the group’s retry topic; a record there is handled again when it is due', () =>
  withFixture(
    async (fixture) => {
      const seen: string[] = [];
      const consumer = createEventConsumer(
        fixture.options({
          retry: { attempts: 5, baseDelayMs: 5, maxInPlaceDelayMs: 100, tiers: true },
          handle: async (event, { attempt, envelope }) => {
            const { key } = countedOf(event);
            seen.push(`${key} ${attempt} ${envelope.eventId}`);
            if (attempt > 1 || key !== 'slow') return done;
            throw new AppError({ code: 'BUSY', kind: 'retryable', stage: 'outbound', message: 'later', retryAfterMs: 60_000 });
          },
        }),
        fixture.deps,
      );
      await fixture.started(consumer);
      await fixture.publish([{ key: 'slow', n: 0 }]);
      await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
      const tier = retryTopicOf(fixture.group, retryTiers[0]);
      const [waiting] = await fixture.readAll(tier, 1);
      assert.ok(waiting);
      assert.deepEqual(seen, ['slow 1 slow-0']);
      const due = { ...waiting.headers, [parkedHeaderNames.notBefore]: '1' };
      await fixture.producer.publishRecord({
        topic: retryTopicOf(fixture.group, retryTiers[1]),
        key: 'slow',
        value: waiting.value,
        headers: due,
      });
      await until(() => seen.length === 2, 'the due record handled again');
      assert.deepEqual(seen[1], 'slow 2 slow-0');
      assert.equal(
        (await fixture.admin.groupOffsets(`${fixture.group}.retry`, [tier])).every(({ offset }) => offset < 1),
        true,
      );
      await consumer.stop(stopSoon());
    },
    { retryTopics: true },
  ));

test('a handler that hangs is timed out and retried; its late answer changes nothing', () =>
  withFixture(async (fixture) => {
    const attempts: number[] = [];
    let wasAborted = false;
    const consumer = createEventConsumer(
      fixture.options({
        handlerTimeoutMs: 200,
        handle: async (_event, { attempt, signal }) => {
          attempts.push(attempt);
          if (attempt > 1) return done;
          signal.addEventListener('abort', () => {
            wasAborted = true;
          });
          return new Promise(() => {});
        },
      }),
      fixture.deps,
    );
    await fixture.started(consumer);
    await fixture.publish([{ key: 'a', n: 0 }]);
    await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
    assert.deepEqual(attempts, [1, 2]);
    assert.ok(wasAborted);
    assert.equal(await fixture.metric('clinstream_retries_total', { error_code: 'HANDLER_TIMEOUT' }), 1);
    await consumer.stop(stopSoon());
  }));

test('back-pressure: never more in hand than the limits, and a blocked record holds only its partition’s span', () =>
  withFixture(async (fixture) => {
    let running = 0;
    let most = 0;
    let release: () => void = () => {};
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const handled = new Set<string>();
    const consumer = createEventConsumer(
      fixture.options({
        concurrency: 1_000,
        limits: { maxRecords: 150, maxBytes: 1_000_000, maxSpan: 40 },
        handle: async (event) => {
          const { key, n } = countedOf(event);
          most = Math.max(most, ++running);
          if (key === 'k0' && n === 0) await blocked;
          else await pauseFor(1);
          running--;
          handled.add(`${key}-${n}`);
          return done;
        },
      }),
      fixture.deps,
    );
    await fixture.publish(countedEvents(30, 40));
    await fixture.started(consumer);
    const { partition } = await fixture.producer.publish({
      topic: fixture.topic,
      key: 'k0',
      value: { key: 'k0', n: 40 } as never,
      envelope: { eventId: 'x', eventType: 'x', occurredAt: 1, correlationId: 'x', traceparent: null, source: 't', attempt: 1 },
    });
    const others = async () => {
      const offsets = await fixture.admin.groupOffsets(fixture.group, [fixture.topic]);
      const bounds = await fixture.admin.logBounds([fixture.topic]);
      return bounds
        .filter((one) => one.partition !== partition)
        .every(
          (one) =>
            (offsets.find((offset) => offset.partition === one.partition)?.offset ?? -1) >= one.logEndOffset ||
            one.logEndOffset === 0,
        );
    };
    await until(others, 'all other partitions done while one is blocked');
    assert.ok(!handled.has('k0-0'));
    release();
    await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
    assert.equal(handled.size, 30 * 40 + 1);
    assert.ok(most <= 150);
    await consumer.stop(stopSoon());
  }));

test('stopping finishes what is under way, commits it before leaving, and drops the rest for the next member', () =>
  withFixture(async (fixture) => {
    const handled = new Map<string, number>();
    const make = () =>
      createEventConsumer(
        fixture.options({
          concurrency: 5,
          handle: async (event) => {
            const { key, n } = countedOf(event);
            await pauseFor(20);
            handled.set(`${key}-${n}`, (handled.get(`${key}-${n}`) ?? 0) + 1);
            return done;
          },
        }),
        fixture.deps,
      );
    const first = make();
    await fixture.started(first);
    await fixture.publish(countedEvents(20, 20));
    await until(() => handled.size >= 20, 'some handled');
    await first.stop(stopSoon());
    const handledByFirst = handled.size;
    assert.ok(handledByFirst < 400);
    const second = make();
    await fixture.started(second);
    await second.whenCaughtUp(AbortSignal.timeout(40_000));
    assert.equal(handled.size, 400);
    const repeated = [...handled.values()].filter((count) => count > 1).length;
    assert.ok(repeated <= handledByFirst);
    await second.stop(stopSoon());
  }));

test('OFFSET_OUT_OF_RANGE is seen and counted: retention ate records we had not read', () =>
  withFixture(
    async (fixture) => {
      await fixture.publish(countedEvents(1, 10));
      await fixture.admin.setGroupOffsets(fixture.group, [{ topic: fixture.topic, partition: 0, offset: 2 }]);
      await fixture.admin.deleteRecords([{ topic: fixture.topic, partition: 0, offset: 6 }]);
      const seen: number[] = [];
      const handle = async (event: unknown) => {
        seen.push(countedOf(event).n);
        return done;
      };
      const consumer = createEventConsumer(fixture.options({ handle }), fixture.deps);
      await fixture.started(consumer);
      await consumer.whenCaughtUp(AbortSignal.timeout(40_000));
      assert.deepEqual(seen, [6, 7, 8, 9]);
      assert.equal(await fixture.metric('clinstream_consumer_offset_out_of_range_total', { group: fixture.group }), 1);
      await consumer.stop(stopSoon());
    },
    { partitions: 1 },
  ));

test('a fatal error drains the process and its record stays uncommitted', () =>
  withFixture(async (fixture) => {
    const handle = async () => {
      throw new AppError({ code: 'MODEL_MISSING', kind: 'fatal', stage: 'process', message: 'no model' });
    };
    const consumer = createEventConsumer(fixture.options({ handle }), fixture.deps);
    await fixture.started(consumer);
    await fixture.publish([{ key: 'a', n: 0 }]);
    await until(() => fixture.fatal.length === 1, 'onFatal called');
    await consumer.stop(stopSoon());
    assert.equal(await fixture.committed(), 0);
    assert.equal((fixture.fatal.pop() as AppError).code, 'MODEL_MISSING');
  }));

/** Kafka away at start, killed in mid-load and back: waiting, not failing, and nothing acknowledged is lost. On a Kafka of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type KafkaHandle, startKafka } from '@clinstream/local/kafka';
import { freePorts } from '@clinstream/local/ports';
import { waitFor } from '@clinstream/testkit';
import { done } from '../consumer/types.ts';
import type { AppError } from '../errors/app-error.ts';
import { createKafka } from '../kafka/create-kafka.ts';
import { createEventProducer } from '../producer/create-event-producer.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createEventConsumer } from './create-event-consumer.ts';
import { countedOf, createFixture, envelopeFor, stopSoon } from './pipeline.fixture.test.ts';

const dir = mkdtempSync(join(tmpdir(), 'clinstream-outage-'));
let kafka: KafkaHandle;
let port = 0;
before(async () => {
  port = await freePorts(2);
  kafka = await startKafka({ dir, port });
});
after(async () => {
  await kafka?.kill();
  rmSync(dir, { recursive: true, force: true });
});

const until = (condition: () => boolean | Promise<boolean>, what: string) =>
  waitFor(condition, { deadlineMs: 60_000, what, everyMs: 20 });
const configOf = () => ({ kafkaConfig: { brokers: kafka.brokers, tls: null, sasl: null } });

test('kill -9 of Kafka in mid-load: everything acknowledged is handled, in order per key; a fresh event still flows', async () => {
  const fixture = await createFixture(configOf(), { limits: { deliveryTimeoutMs: 60_000 } });
  const handled = new Map<string, number[]>();
  const consumer = createEventConsumer(
    fixture.options({
      handle: async (event) => {
        const { key, n } = countedOf(event);
        const list = handled.get(key) ?? [];
        handled.set(key, list);
        list.push(n);
        return done;
      },
    }),
    fixture.deps,
  );
  await fixture.started(consumer);
  const acknowledged: string[] = [];
  let isEnough = false;
  const publishing = (async () => {
    for (let n = 0; !isEnough; n++) {
      await fixture.publish(Array.from({ length: 20 }, (_, i) => ({ key: `k${i}`, n })));
      for (let i = 0; i < 20; i++) acknowledged.push(`k${i}-${n}`);
    }
  })();
  await until(() => acknowledged.length > 400, 'some acknowledged');
  await kafka.kill();
  await until(() => !consumer.readiness().ready && !fixture.producer.readiness().ready, 'both say that Kafka is away');
  const before = acknowledged.length;
  await kafka.restart();
  await until(() => acknowledged.length > before + 400, 'publishing goes on');
  isEnough = true;
  await publishing;
  await consumer.whenCaughtUp(AbortSignal.timeout(60_000));
  await until(() => consumer.readiness().ready && fixture.producer.readiness().ready, 'both are ready again');
  const missing = acknowledged.filter((id) => {
    const [key, n] = id.split('-') as [string, string];
    return !handled.get(key)?.includes(Number(n));
  });
  assert.deepEqual(missing, []);
  for (const [key, list] of handled) {
    const firsts = [...new Set(list)];
    assert.deepEqual(
      firsts,
      [...firsts].sort((a, b) => a - b),
      `first handlings of ${key}`,
    );
  }
  await fixture.close();
});

test('Kafka away at start: services start, say so, publishing is refused in time, and all goes on by itself when it is there', async () => {
  const fixture = await createFixture(configOf());
  await kafka.kill();
  const telemetry = createSilentTelemetry();
  const connection = createKafka(configOf().kafkaConfig, telemetry);
  const limits = { deliveryTimeoutMs: 500 };
  const producer = await fixture.started(
    createEventProducer({ kafka: connection, codecs: fixture.deps.codecs, telemetry, limits }),
  );
  let handled = 0;
  const handle = async () => {
    handled++;
    return done;
  };
  const consumer = await fixture.started(
    createEventConsumer(fixture.options({ handle }), { ...fixture.deps, kafka: connection, producer, telemetry }),
  );
  const event = { topic: fixture.topic, key: 'a', value: { key: 'a', n: 1 } as never, envelope: envelopeFor('a') };
  await assert.rejects(
    producer.publish(event),
    (error: AppError) => error.code === 'KAFKA_UNAVAILABLE' && error.scope === 'dependency',
  );
  assert.equal(producer.readiness().ready, false);
  assert.equal(consumer.readiness().ready, false);
  await kafka.restart();
  await until(() => producer.readiness().ready && consumer.readiness().ready, 'both ready');
  await producer.publish(event);
  await until(() => handled >= 1, 'the event handled');
  await consumer.stop(stopSoon());
  await producer.stop(stopSoon());
  await fixture.close();
});

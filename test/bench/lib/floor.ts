/** The least a hop chain can take here: produce (acks=all) -> consume -> insert -> commit, one record at a time at the given rate, milliseconds each. */
import { createAdmin, createKafka } from '@clinstream/runtime/kafka';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import type { BenchStack } from './stack.ts';

export async function measureFloor(stack: BenchStack, rate: number, seconds: number): Promise<readonly number[]> {
  const topic = `bench.floor.${Date.now()}`;
  const kafka = new Kafka({ clientId: 'floor', brokers: stack.brokers.split(','), logLevel: logLevel.ERROR });
  const admin = createAdmin(createKafka({ brokers: stack.brokers.split(','), tls: null, sasl: null }, createSilentTelemetry()));
  await admin.createTopics([{ topic, partitions: stack.partitions }]);
  await admin.close();
  const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 2 });
  await pool.query('CREATE TABLE IF NOT EXISTS bench_floor (id text PRIMARY KEY)');
  await pool.query('TRUNCATE bench_floor');
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 });
  const sent = new Map<string, number>();
  const times: number[] = [];
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    partitionsConsumedConcurrently: stack.partitions,
    eachBatch: async ({ batch }) => {
      const ids = batch.messages.map((message) => String(message.value));
      await pool.query('INSERT INTO bench_floor SELECT unnest($1::text[])', [ids]);
      for (const id of ids) times.push(performance.now() - (sent.get(id) ?? 0));
    },
  });
  await produceSteadily(rate, seconds, async (index) => {
    const id = String(index);
    sent.set(id, performance.now());
    await producer.send({ topic, acks: -1, messages: [{ key: id, value: id }] });
  });
  const until = performance.now() + 5_000;
  while (times.length < rate * seconds && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  await consumer.disconnect();
  await producer.disconnect();
  await pool.end();
  return times;
}

async function produceSteadily(rate: number, seconds: number, send: (index: number) => Promise<void>): Promise<void> {
  const start = performance.now();
  const running: Promise<void>[] = [];
  while (running.length < rate * seconds) {
    const due = Math.floor(((performance.now() - start) * rate) / 1000);
    while (running.length < due) running.push(send(running.length));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KafkaConnection } from '../kafka/types.ts';
import { baseOffsetOf, createTransport } from './transport.ts';

test('a response that lacks the partition we sent is a failure, not a success', () => {
  const unavailable = { code: 'KAFKA_UNAVAILABLE' };
  assert.throws(() => baseOffsetOf([], 't', 0), unavailable);
  assert.throws(() => baseOffsetOf([{ topicName: 't', partition: 1, baseOffset: '5' }], 't', 0), unavailable);
  assert.throws(() => baseOffsetOf([{ topicName: 't', partition: 0 }], 't', 0), unavailable);
  assert.equal(baseOffsetOf([{ topicName: 't', partition: 0, baseOffset: '5' }], 't', 0), 5);
});

test('asks every replica in sync to confirm, one topic per send, without kafkajs’s idempotence and retries', async () => {
  const made: object[] = [];
  const sends: object[] = [];
  const producer = {
    connect: async () => {},
    disconnect: async () => {},
    send: async (request: object) => {
      sends.push(request);
      return [{ topicName: 't', partition: 3, baseOffset: '7' }];
    },
  };
  const client = { producer: (settings: object) => made.push(settings) && producer, admin: () => ({}) };
  const kafka = { brokers: [], clientId: 'test', client: () => client } as unknown as KafkaConnection;
  const messages = [{ value: 'v', partition: 3 }];
  assert.equal(await createTransport(kafka).send('t', 3, messages), 7);
  assert.deepEqual(sends, [{ topic: 't', messages, acks: -1 }]);
  const [settings] = made as [{ idempotent: boolean; retry: { retries: number } }];
  assert.equal(settings.idempotent, false);
  assert.equal(settings.retry.retries, 0);
});

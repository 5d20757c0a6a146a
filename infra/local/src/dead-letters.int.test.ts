import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadLetterTopicOf, groups, headerNames, parkedHeaderNames, retryTiers, retryTopicOf } from '@clinstream/contracts';
import type { ConsumedRecord } from '@clinstream/runtime/consumer';
import { createKafka, readTopics } from '@clinstream/runtime/kafka';
import { createEventProducer } from '@clinstream/runtime/producer';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { isolatedStack } from '@clinstream/testkit';
import { listDeadLetters, replayDeadLetters } from './dead-letters.ts';

const group = groups.inference.urgent;
const value = Buffer.from([0, 0, 0, 0, 9, 255, 1]);

const parked = (code: string, parkedAt: number) => ({
  topic: deadLetterTopicOf(group),
  key: 'HANEUL|HIS|1',
  value,
  headers: {
    [headerNames.eventId]: `event-${code}`,
    [parkedHeaderNames.originTopic]: 'analysis.requests.urgent.v1',
    [parkedHeaderNames.originPartition]: '2',
    [parkedHeaderNames.originOffset]: '41',
    [parkedHeaderNames.errorCode]: code,
    [parkedHeaderNames.attempts]: '3',
    [parkedHeaderNames.parkedAt]: String(parkedAt),
  },
});

test('what was parked is listed without its content and goes back to the group alone, bytes untouched, as the next attempt', async () => {
  const stack = await isolatedStack();
  const telemetry = createSilentTelemetry();
  const kafka = createKafka(stack.kafkaConfig, telemetry);
  const producer = createEventProducer({ kafka, codecs: { encode: () => Buffer.alloc(0) }, telemetry });
  try {
    const now = Date.now();
    await producer.start();
    await Promise.all(
      [parked('MODEL_TIMEOUT', now), parked('MODEL_CRASHED', now), parked('MODEL_TIMEOUT', now - 90_000_000)].map(
        producer.publishRecord,
      ),
    );
    const letters = await listDeadLetters(kafka, { groups: [group], code: 'MODEL_TIMEOUT', since: now - 3_600_000 });
    assert.deepEqual(
      letters.map(({ code, origin, attempts, eventId }) => ({ code, origin, attempts, eventId })),
      [{ code: 'MODEL_TIMEOUT', origin: 'analysis.requests.urgent.v1:2:41', attempts: 3, eventId: 'event-MODEL_TIMEOUT' }],
    );
    await replayDeadLetters(producer, letters, now);
    const back: ConsumedRecord[] = [];
    await readTopics(kafka, [retryTopicOf(group, retryTiers[0])], (record) => back.push(record));
    assert.equal(back.length, 1);
    assert.deepEqual(back[0]?.value, value);
    assert.equal(String(back[0]?.key), 'HANEUL|HIS|1');
    assert.equal(String(back[0]?.headers[headerNames.attempt]), '4');
    assert.equal(String(back[0]?.headers[parkedHeaderNames.originTopic]), 'analysis.requests.urgent.v1');
    const origin: ConsumedRecord[] = [];
    await readTopics(kafka, ['analysis.requests.urgent.v1'], (record) => origin.push(record));
    assert.equal(origin.length, 0);
  } finally {
    await producer.stop(AbortSignal.timeout(5_000));
    await stack.stop();
  }
});

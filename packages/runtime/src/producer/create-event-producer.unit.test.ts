/** Each publish is answered once, whatever the log does and when; with a way to append records that answers when the test says. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { AppError } from '../errors/app-error.ts';
import { runtimeError } from '../errors/classify.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createEventProducer } from './create-event-producer.ts';
import type { OutgoingEvent, OutgoingRecord } from './types.ts';

const record: OutgoingRecord = { topic: 't', partition: 1, key: 'k', value: Buffer.from('v'), headers: {} };
const event = {
  topic: 'analysis.requests.stat.v1',
  key: 'k',
  value: {},
  envelope: { eventId: 'e', eventType: 'E', occurredAt: 1, correlationId: 'c', traceparent: null, source: 'ingest', attempt: 1 },
} as unknown as OutgoingEvent;

function setUp(encode: () => Buffer = () => Buffer.from('encoded')) {
  const sends: PromiseWithResolvers<number>[] = [];
  const telemetry = createSilentTelemetry();
  const transport = {
    send: () => {
      const sending = Promise.withResolvers<number>();
      sends.push(sending);
      return sending.promise;
    },
    partitionCount: async () => 3,
    ping: async () => {},
    close: async () => {},
  };
  const limits = { deliveryTimeoutMs: 1_000 };
  const producer = createEventProducer({ kafka: {} as never, codecs: { encode }, telemetry, limits, transport });
  const queued = async (): Promise<number> => {
    const text = await telemetry.registry.metrics();
    return Number(/^clinstream_producer_queued_records (\S+)$/m.exec(text)?.[1]);
  };
  return { producer, sends, queued };
}

test('a publish resolves with where it stands, and nothing waits any more', async () => {
  const { producer, sends, queued } = setUp();
  const answers = Promise.all([producer.publishRecord(record), producer.publishRecord(record)]);
  await turn();
  assert.equal(await queued(), 2);
  await turn();
  sends[0]?.resolve(40);
  const at = { topic: 't', partition: 1 };
  assert.deepEqual(await answers, [
    { ...at, offset: 40 },
    { ...at, offset: 41 },
  ]);
  assert.equal(await queued(), 0);
});

test('one that was given up is not answered or counted again when the log confirms it after all', async () => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  try {
    const { producer, sends, queued } = setUp();
    const answer = producer.publishRecord(record).then(
      () => 'confirmed',
      (error: AppError) => error.code,
    );
    for (let i = 0; i < 5 && sends.length === 0; i++) await turn();
    mock.timers.tick(1_200);
    assert.equal(await answer, 'KAFKA_UNAVAILABLE');
    assert.equal(await queued(), 0);
    sends[0]?.resolve(7);
    await turn();
    assert.equal(await queued(), 0);
  } finally {
    mock.timers.reset();
  }
});

test('what cannot be encoded or is too large is rejected, never thrown, and does not wait', async () => {
  const refusing = setUp(() => {
    throw runtimeError('ENCODE_INVALID', 'publish');
  });
  await assert.rejects(refusing.producer.publish(event), { code: 'ENCODE_INVALID' });
  const { producer, queued } = setUp(() => Buffer.alloc(1_000_000));
  await assert.rejects(producer.publish(event), { code: 'RECORD_TOO_LARGE' });
  assert.equal(await queued(), 0);
});

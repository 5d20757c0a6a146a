/** A record that cannot be parked is not done: its offset stays, its key waits, and it is tried until the dead-letter topic takes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createOffsetTracker } from '../consumer/offset-tracker.ts';
import { createTrackedRecord } from '../consumer/tracked-record.ts';
import { done } from '../consumer/types.ts';
import { runtimeError } from '../errors/classify.ts';
import type { EventProducer, OutgoingRecord } from '../producer/types.ts';
import type { Codecs } from '../registry/types.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createEventPipeline } from './event-pipeline.ts';

const topic = 'analysis.requests.stat.v1' as const;

test('publishing to the dead-letter topic fails twice, then works: only then is the record done and its key free', async () => {
  const story: string[] = [];
  let failures = 2;
  const publishRecord = async (record: OutgoingRecord): Promise<void> => {
    if (failures-- > 0) {
      story.push('not parked');
      throw runtimeError('KAFKA_UNAVAILABLE', 'publish');
    }
    story.push(`parked ${record.value}`);
  };
  const pipeline = createEventPipeline(
    {
      group: 'g',
      topics: [topic],
      handle: async (_, { record }) => {
        story.push(`handled ${record.value}`);
        if (String(record.value) === 'bad') throw runtimeError('AVRO_UNREADABLE', 'process');
        return done;
      },
      concurrency: 10,
      handlerTimeoutMs: 60_000,
      retry: { attempts: 3, baseDelayMs: 10, maxInPlaceDelayMs: 1_000, tiers: false },
      limits: { maxRecords: 100, maxBytes: 1_000_000, maxSpan: 1_000 },
    },
    {
      codecs: { decode: () => ({}) } as unknown as Codecs,
      producer: { publishRecord } as unknown as EventProducer,
      telemetry: createSilentTelemetry(),
      onFatal: () => assert.fail('fatal'),
    },
  );
  const finished = Promise.withResolvers<void>();
  const [lease] = createOffsetTracker().assign([{ topic, partition: 0 }], false).gained;
  assert.ok(lease);
  const source = {
    done: ({ value }: { value: Buffer | null }): void => {
      story.push(`done ${value}`);
      if (String(value) === 'behind') finished.resolve();
    },
    abandon: () => assert.fail('abandoned'),
  };
  pipeline.hold(false);
  for (const [offset, value] of ['bad', 'behind'].entries()) {
    const message = {
      key: Buffer.from('a'),
      value: Buffer.from(value),
      timestamp: '1',
      attributes: 0,
      offset: String(offset),
      headers: {},
    };
    pipeline.accept(createTrackedRecord({ topic, partition: 0 }, message, lease), source);
  }
  pipeline.pump();
  await Promise.race([finished.promise, delay(10_000, undefined, { ref: false })]);
  await pipeline.drain(AbortSignal.abort());
  assert.deepEqual(story, ['handled bad', 'not parked', 'not parked', 'parked bad', 'done bad', 'handled behind', 'done behind']);
});

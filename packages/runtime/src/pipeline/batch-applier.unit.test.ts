import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Topic } from '@clinstream/contracts';
import { createOffsetTracker } from '../consumer/offset-tracker.ts';
import { createTrackedRecord } from '../consumer/tracked-record.ts';
import { runtimeError } from '../errors/classify.ts';
import type { EventProducer } from '../producer/types.ts';
import type { Codecs } from '../registry/types.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createBatchApplier } from './batch-applier.ts';

test('ready again when the batch that waits for the store is lost with its partition', async () => {
  const topic: Topic = 'clinical.orders.v1';
  const offsets = createOffsetTracker();
  const [lease] = offsets.assign([{ topic, partition: 0 }], false).gained;
  assert.ok(lease);
  const telemetry = createSilentTelemetry();
  let tries = 0;
  const apply = async (): Promise<void> => {
    if (++tries === 2) offsets.assign([], false);
    throw runtimeError('DEPENDENCY_UNAVAILABLE', 'sink');
  };
  const applier = createBatchApplier(
    {
      group: 'g',
      topics: [topic],
      startAt: async () => [],
      apply,
      maxBatchRecords: 10,
      limits: { maxRecords: 10, maxBytes: 1_000, maxSpan: 10 },
    },
    {
      codecs: { decode: () => ({}) } as unknown as Codecs,
      producer: {} as EventProducer,
      telemetry,
      onFatal: () => assert.fail('fatal'),
      log: telemetry.log,
      positions: new Map(),
      clusterId: () => 'c',
      stopping: new AbortController().signal,
    },
  );
  const message = { key: null, value: Buffer.from('v'), timestamp: '1', attributes: 0, offset: '0', headers: {} };
  const applied = await applier.apply([createTrackedRecord({ topic, partition: 0 }, message, lease)]);
  assert.deepEqual([applied.size, tries, applier.problem()], [0, 2, null]);
});

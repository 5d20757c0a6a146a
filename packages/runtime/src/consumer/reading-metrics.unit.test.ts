import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createOffsetTracker } from './offset-tracker.ts';
import { createReadingMetrics } from './reading-metrics.ts';
import { createRoom } from './room.ts';

function setUp() {
  const telemetry = createSilentTelemetry();
  const offsets = createOffsetTracker();
  const room = createRoom({ maxRecords: 10, maxBytes: 1_000 });
  const metrics = createReadingMetrics(telemetry, 'g', offsets, room);
  const [lease] = offsets.assign([{ topic: 't', partition: 0 }], false).gained;
  assert.ok(lease);
  const lag = async () => {
    const text = await telemetry.registry.metrics();
    return Number(/^clinstream_consumer_lag_records\{.*\} (\S+)$/m.exec(text)?.[1]);
  };
  return { metrics, lease, lag };
}

test('before the first admission lag counts from where the fetch began, not from the beginning of the log', async () => {
  const { metrics, lease, lag } = setUp();
  metrics.fetched(lease, { from: 900, highWatermark: 1_000 });
  assert.equal(await lag(), 100);
  lease.tracker.admit(900, 1);
  lease.tracker.complete(0);
  assert.equal(await lag(), 99);
});

test('lag grows with the log while nothing is fetched; what is older than the last fetch changes nothing', async () => {
  const { metrics, lease, lag } = setUp();
  metrics.fetched(lease, { from: 900, highWatermark: 1_000 });
  metrics.ends([
    { topic: 't', partition: 0, logEndOffset: 1_500 },
    { topic: 't', partition: 9, logEndOffset: 7 },
  ]);
  assert.equal(await lag(), 600);
  metrics.ends([{ topic: 't', partition: 0, logEndOffset: 1_200 }]);
  assert.equal(await lag(), 600);
});

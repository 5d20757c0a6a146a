import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createOffsetTracker, type Lease } from './offset-tracker.ts';
import { createPositions } from './positions.ts';

test('a lease forgotten while the store is asked leaves nothing behind when the answer comes', async () => {
  const offsets = createOffsetTracker();
  const answer = Promise.withResolvers<ReadonlyMap<Lease, number | null>>();
  const sought: number[] = [];
  const positions = createPositions({
    offsets,
    metrics: { gap: () => {}, outOfRange: () => {} },
    log: createSilentTelemetry().log,
    seek: (_, offset) => void sought.push(offset),
    startAt: () => answer.promise,
    onReset: () => {},
  });
  const { gained } = offsets.assign([{ topic: 't', partition: 0 }], false);
  let isKnown = false;
  const onKnown = () => {
    isKnown = true;
  };
  positions.begin(gained, new AbortController().signal, () => assert.fail('fatal'), onKnown);
  assert.equal(positions.size(), 1);
  const { lost } = offsets.assign([], false);
  positions.forget(lost);
  answer.resolve(new Map(gained.map((lease) => [lease, 7])));
  await turn();
  assert.deepEqual([isKnown, positions.anyStarting(), positions.size(), sought], [true, false, 0, []]);
});

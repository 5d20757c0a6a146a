import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDialGate } from './dial-gate.ts';

test('the wait doubles with jitter and never passes five seconds, however often the dial failed', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 60 }), (chances) => {
      let next = 0;
      const gate = createDialGate(
        () => 0,
        () => chances[next++] ?? 0,
      );
      assert.equal(gate.wait(), 0);
      for (let failures = 1; failures <= chances.length; failures++) {
        gate.failed();
        const full = Math.min(5_000, 200 * 2 ** (failures - 1));
        assert.ok(gate.wait() >= full / 2 && gate.wait() <= full);
      }
    }),
  );
});

test('failed N−1 times, then answered: at once again, and the next failure waits shortly', () => {
  let now = 0;
  const gate = createDialGate(
    () => now,
    () => 0.5,
  );
  for (let i = 0; i < 5; i++) gate.failed();
  assert.ok(gate.wait() > 1_000);
  now += 5_000;
  assert.equal(gate.wait(), 0);
  gate.answered();
  gate.failed();
  assert.equal(gate.wait(), 150);
});

test('found by a probe: others may dial, but only an answer forgets the failures', () => {
  const gate = createDialGate(
    () => 0,
    () => 0,
  );
  for (let i = 0; i < 5; i++) gate.failed();
  gate.found();
  assert.equal(gate.wait(), 0);
  gate.failed();
  assert.equal(gate.wait(), 2_500);
});

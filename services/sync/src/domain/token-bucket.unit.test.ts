import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { available, fullBucket, nextTokenMs, refilled, taken } from './token-bucket.ts';

const rate = { perSecond: 10, burst: 5 };

test('a burst, then the rate', () => {
  let bucket = taken(fullBucket(rate, 0), 5);
  assert.equal(available(bucket, rate), 0);
  assert.equal(nextTokenMs(bucket, rate), 100);
  bucket = refilled(bucket, rate, 100);
  assert.equal(available(bucket, rate), 1);
  assert.equal(available(refilled(bucket, rate, 3_600_000), rate), 5, 'an idle hour saves up no more than the burst');
});

test('without a rate nothing is bounded', () => {
  const bucket = taken(fullBucket(null, 0), 1_000);
  assert.equal(available(refilled(bucket, null, 1), null), Number.POSITIVE_INFINITY);
  assert.equal(nextTokenMs(bucket, null), 0);
});

test('property: over any time never more than burst and rate allow; a clock that goes back gives nothing', () => {
  const step = fc.record({ passes: fc.integer({ min: -500, max: 2_000 }), wants: fc.integer({ min: 0, max: 20 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      let now = 0;
      let latest = 0;
      let used = 0;
      let bucket = fullBucket(rate, 0);
      for (const { passes, wants } of steps) {
        now += passes;
        latest = Math.max(latest, now);
        bucket = refilled(bucket, rate, now);
        const count = Math.min(wants, available(bucket, rate));
        bucket = taken(bucket, count);
        used += count;
        assert.ok(used <= rate.burst + (latest / 1_000) * rate.perSecond + 1e-6);
      }
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  afterAnswer,
  afterNoAnswer,
  afterProbe,
  afterSetback,
  type Breaker,
  breakerWait,
  isProbeDue,
  onTrial,
  roomOf,
  unknownBreaker,
} from './breaker.ts';

const away = { code: 'AWAY', retryAfterMs: null };
const at = (now: number, random = 1) => ({ now, random });
const opened = (now = 0): Breaker => afterSetback({ state: 'closed' }, away, at(now), 'delivery');

test('at start nothing goes before the probe was answered', () => {
  const breaker = unknownBreaker(5);
  assert.equal(roomOf(breaker, 8, 0), 0);
  assert.equal(isProbeDue(breaker, 5), true);
});

test('half open lets one through, and an answer closes it', () => {
  const half = afterProbe(opened());
  assert.equal(roomOf(half, 8, 0), 1);
  assert.equal(roomOf(half, 8, 1), 0, 'what was under way before ends first');
  const trying = onTrial(half);
  assert.equal(roomOf(trying, 8, 0), 0);
  assert.deepEqual(afterAnswer(trying), { state: 'closed' });
  assert.equal(roomOf(afterNoAnswer(trying), 8, 0), 1);
  assert.equal(afterSetback(trying, away, at(0), 'delivery').state, 'open');
});

test('an answer to what was sent before does not close an open breaker', () => {
  assert.equal(afterAnswer(opened()).state, 'open');
});

test('the waits grow to five seconds and never beyond, unless the target asks for more', () => {
  let breaker = opened();
  const waits: number[] = [];
  for (let n = 0; n < 12; n++) {
    if (breaker.state !== 'open') throw new Error('must be open');
    const now = breaker.until;
    breaker = afterSetback(breaker, away, at(now), 'probe');
    if (breaker.state === 'open') waits.push(breaker.until - now);
  }
  assert.deepEqual(
    waits,
    [...waits].sort((a, b) => a - b),
  );
  assert.equal(waits.at(-1), breakerWait.maxMs);
  const asked = afterSetback(breaker, { code: 'BUSY', retryAfterMs: 60_000 }, at(0), 'probe');
  assert.equal(asked.state === 'open' && asked.until, 60_000);
  const absurd = afterSetback(breaker, { code: 'BUSY', retryAfterMs: 1e12 }, at(0), 'probe');
  assert.equal(absurd.state === 'open' && absurd.until, breakerWait.maxRetryAfterMs);
});

test('deliveries that fail after the breaker opened do not make it wait longer', () => {
  const first = opened(0);
  assert.deepEqual(afterSetback(first, away, at(1), 'delivery'), first);
});

const steps: Readonly<Record<string, (breaker: Breaker, now: number) => Breaker>> = {
  delivery: (breaker, now) => afterSetback(breaker, away, at(now, 0.5), 'delivery'),
  probe: (breaker, now) => afterSetback(breaker, away, at(now, 0.5), 'probe'),
  answer: afterAnswer,
  none: afterNoAnswer,
  back: afterProbe,
  trial: onTrial,
};
const mostRoom = { closed: Number.POSITIVE_INFINITY, half_open: 1, open: 0 } as const;

test('property: never more than the concurrency, nothing while open, one while half open; a probe and an answer always close it', () => {
  const names = fc.array(fc.constantFrom(...Object.keys(steps)), { maxLength: 40 });
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 16 }), (taken, concurrency) => {
      let breaker: Breaker = unknownBreaker(0);
      taken.forEach((name, now) => {
        breaker = steps[name]?.(breaker, now) ?? breaker;
        assert.ok(roomOf(breaker, concurrency, 0) <= Math.min(concurrency, mostRoom[breaker.state]));
      });
      assert.equal(afterAnswer(onTrial(afterProbe(breaker))).state, 'closed');
    }),
  );
});

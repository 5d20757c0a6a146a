import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRetryAfter } from './retry-after.ts';

const now = Date.parse('2026-11-22T12:00:00Z');

test('both forms are read: seconds and HTTP date', () => {
  assert.equal(parseRetryAfter('0', now), 0);
  assert.equal(parseRetryAfter(' 120 ', now), 120_000);
  assert.equal(parseRetryAfter('Sun, 22 Nov 2026 12:00:30 GMT', now), 30_000);
});

test('a date that has passed is no wait, and no wait is longer than an hour', () => {
  assert.equal(parseRetryAfter('Sun, 22 Nov 2026 11:59:00 GMT', now), 0);
  assert.equal(parseRetryAfter('999999999', now), 3_600_000);
  assert.equal(parseRetryAfter('Tue, 22 Nov 2050 12:00:00 GMT', now), 3_600_000);
});

test('what says nothing is null', () => {
  for (const header of [null, '', '-5', '1.5', 'soon', '12 minutes', 'Sun, 99 Nov 2026 99:00:00 GMT'])
    assert.equal(parseRetryAfter(header, now), null, String(header));
});

test('whatever the header, the wait is null or within the hour', () => {
  fc.assert(
    fc.property(fc.string(), (header) => {
      const wait = parseRetryAfter(header, now);
      assert.ok(wait === null || (wait >= 0 && wait <= 3_600_000));
    }),
  );
});

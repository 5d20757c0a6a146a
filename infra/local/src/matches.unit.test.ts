import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mismatch } from './matches.ts';

test('looks only at what was asked for', () => {
  assert.equal(mismatch({ status: 'completed' }, { status: 'completed', version: 3 }), null);
  assert.equal(mismatch({ a: { b: [1, 2] } }, { a: { b: [1, 2], c: 0 } }), null);
});

test('says where it differs', () => {
  assert.equal(mismatch({ a: { b: 1 } }, { a: { b: 2 } }), '/a/b is 2, expected 1');
  assert.equal(mismatch({ a: [1] }, { a: [1, 2] }), '/a is [1,2], expected [1]');
  assert.equal(mismatch({ a: null }, {}), '/a is nothing, expected null');
  assert.equal(mismatch({ a: 1 }, null), '/ is null, expected {"a":1}');
});

test('takes numbers nearby and lists with such an item', () => {
  assert.equal(mismatch({ p: { near: 0.9, within: 0.05 } }, { p: 0.93 }), null);
  assert.notEqual(mismatch({ p: { near: 0.9, within: 0.05 } }, { p: 0.96 }), null);
  assert.equal(mismatch({ items: { some: { id: 2 } } }, { items: [{ id: 1 }, { id: 2 }] }), null);
  assert.notEqual(mismatch({ items: { some: { id: 3 } } }, { items: [{ id: 1 }] }), null);
});

test('oneOf takes what matches one of them', () => {
  const expected = { status: { oneOf: ['cancelled', 'cancel_requested'] } };
  assert.equal(mismatch(expected, { status: 'cancelled' }), null);
  assert.match(mismatch(expected, { status: 'active' }) ?? '', /\/status is "active", expected "one of/);
});

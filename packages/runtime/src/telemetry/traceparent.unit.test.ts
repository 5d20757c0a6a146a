import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childOf, newTraceparent, parseTraceparent } from './traceparent.ts';

const valid = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('a child keeps the trace and has its own span', () => {
  const parent = parseTraceparent(valid);
  const child = parseTraceparent(childOf(valid));
  assert.equal(child?.traceId, parent?.traceId);
  assert.notEqual(child?.parentId, parent?.parentId);
  assert.equal(child?.sampled, true);
});

test('invalid texts are refused and start a new trace', () => {
  const zeroTrace = `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`;
  for (const text of ['', 'x', valid.toUpperCase(), `${valid}-more`, valid.replace('00-', 'ff-'), zeroTrace, null, undefined]) {
    assert.equal(parseTraceparent(text), null, String(text));
    assert.ok(parseTraceparent(childOf(text)));
  }
  assert.notEqual(newTraceparent(), newTraceparent());
});

test('a later version is read by its first four fields', () => {
  assert.ok(parseTraceparent(`${valid.replace('00-', '01-')}-future`));
});

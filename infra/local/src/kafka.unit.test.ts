import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newClusterId } from './kafka.ts';

test('a cluster id never begins with a dash, which the format tool would take for an option', () => {
  const draws = [Buffer.alloc(16, 0xf8), Buffer.alloc(16, 0xfb), Buffer.alloc(16, 1)];
  assert.match(Buffer.alloc(16, 0xf8).toString('base64url'), /^-/);
  assert.equal(
    newClusterId(() => draws.shift() ?? Buffer.alloc(16)),
    Buffer.alloc(16, 1).toString('base64url'),
  );
});

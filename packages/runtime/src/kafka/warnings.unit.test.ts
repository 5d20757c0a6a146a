import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silenceTimeoutNegativeWarning } from './warnings.ts';

test('silences TimeoutNegativeWarning, however it is emitted, and nothing else', () => {
  const seen: string[] = [];
  const target = { emitWarning: ((warning: string | Error) => void seen.push(String(warning))) as typeof process.emitWarning };
  silenceTimeoutNegativeWarning(target);
  const once = target.emitWarning;
  silenceTimeoutNegativeWarning(target);
  assert.equal(target.emitWarning, once);
  target.emitWarning('-5 is a negative number', 'TimeoutNegativeWarning');
  target.emitWarning('-5 is a negative number', { type: 'TimeoutNegativeWarning' });
  target.emitWarning(Object.assign(new Error('-5'), { name: 'TimeoutNegativeWarning' }));
  target.emitWarning('old', 'DeprecationWarning');
  target.emitWarning('too long', { type: 'TimeoutOverflowWarning' });
  target.emitWarning('plain');
  assert.deepEqual(seen, ['old', 'too long', 'plain']);
});

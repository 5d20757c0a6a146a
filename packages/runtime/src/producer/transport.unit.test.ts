import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseOffsetOf } from './transport.ts';

test('a response that lacks the partition we sent is a failure, not a success', () => {
  const unavailable = { code: 'KAFKA_UNAVAILABLE' };
  assert.throws(() => baseOffsetOf([], 't', 0), unavailable);
  assert.throws(() => baseOffsetOf([{ topicName: 't', partition: 1, baseOffset: '5' }], 't', 0), unavailable);
  assert.throws(() => baseOffsetOf([{ topicName: 't', partition: 0 }], 't', 0), unavailable);
  assert.equal(baseOffsetOf([{ topicName: 't', partition: 0, baseOffset: '5' }], 't', 0), 5);
});

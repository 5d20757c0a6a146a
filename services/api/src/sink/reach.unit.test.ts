import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReach } from './reach.ts';

test('a record is coming from the assignment of its partition until its batch begins', () => {
  const reach = createReach();
  const [topic, partition] = ['analysis.requests.stat.v1', 2];
  const isComing = (offset: number) => reach.isComing({ topic, partition, offset });
  assert.equal(isComing(7), false, 'a partition nobody gave us');
  reach.begin([{ topic, partition, nextOffset: null }]);
  assert.equal(isComing(0), true);
  reach.begin([{ topic, partition, nextOffset: 7 }]);
  assert.deepEqual([6, 7, 8].map(isComing), [false, true, true]);
  assert.equal(reach.isComing({ topic, partition: 3, offset: 8 }), false);
});

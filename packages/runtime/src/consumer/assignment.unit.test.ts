import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assignPartitions, type GroupMember } from './assignment.ts';

const member = (
  memberId: string,
  owned: readonly number[] = [],
  topics: readonly string[] = ['orders', 'results'],
): GroupMember => ({
  memberId,
  topics,
  owned,
});
const counts = (count: number) =>
  new Map([
    ['orders', count],
    ['results', count],
  ]);

test('one member reads the same partition numbers of every topic', () => {
  for (const { assignment } of assignPartitions([member('a'), member('b'), member('c')], counts(6))) {
    assert.deepEqual(assignment['orders'], assignment['results']);
    assert.equal(assignment['orders']?.length, 2);
  }
});

test('sticky: a newcomer takes only what balance asks for', () => {
  const [a, b] = assignPartitions([member('a', [0, 1, 2, 3, 4, 5]), member('b')], counts(6));
  assert.deepEqual(a?.assignment['orders'], [0, 1, 2]);
  assert.deepEqual(b?.assignment['orders'], [3, 4, 5]);
  const after = assignPartitions([member('a', [0, 1, 2]), member('b', [3, 4, 5]), member('c')], counts(6));
  assert.deepEqual(
    after.map(({ assignment }) => assignment['orders']?.length),
    [2, 2, 2],
  );
  assert.deepEqual(after[0]?.assignment['orders'], [0, 1]);
});

test('a topic goes only to those who read it', () => {
  const result = assignPartitions([member('new', [], ['orders', 'results']), member('old', [], ['orders'])], counts(4));
  const old = result.find(({ memberId }) => memberId === 'old');
  assert.equal(old?.assignment['results'], undefined);
  const all = result.flatMap(({ assignment }) => assignment['results'] ?? []);
  assert.deepEqual(all.sort(), [0, 1, 2, 3]);
});

test('every partition has exactly one reader, balanced within one, whatever members claim to have owned', () => {
  const members = fc.uniqueArray(
    fc.record({
      memberId: fc.uuid(),
      owned: fc.array(fc.integer({ min: 0, max: 20 })),
      topics: fc.constant(['orders', 'results']),
    }),
    { selector: ({ memberId }) => memberId, minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(members, fc.integer({ min: 1, max: 16 }), (group, count) => {
      const result = assignPartitions(group, counts(count));
      const loads = result.map(({ assignment }) => assignment['orders']?.length ?? 0);
      assert.ok(Math.max(...loads) - Math.min(...loads) <= 1);
      for (const topic of ['orders', 'results']) {
        const all = result.flatMap(({ assignment }) => assignment[topic] ?? []).sort((x, y) => x - y);
        assert.deepEqual(
          all,
          Array.from({ length: count }, (_, i) => i),
        );
      }
      assert.deepEqual(assignPartitions([...group].reverse(), counts(count)), result);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPartitionTracker } from './partition-tracker.ts';

/** Offsets with holes, as compaction leaves them, and an order in which they complete. */
const scenario = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 300 }).chain((steps) =>
  fc.record({
    steps: fc.constant(steps),
    order: fc.shuffledSubarray(
      steps.map((_, i) => i),
      { minLength: 0 },
    ),
  }),
);

const offsetsOf = (steps: readonly number[]): readonly number[] => {
  let offset = 0;
  return steps.map((step) => {
    offset += step;
    return offset;
  });
};

test('commit never passes a gap: the watermark is the first offset not done, whatever the order of completion', () => {
  fc.assert(
    fc.property(scenario, ({ steps, order }) => {
      const offsets = offsetsOf(steps);
      const tracker = createPartitionTracker();
      const tickets = offsets.map((offset) => tracker.admit(offset, offset));
      const isDone = new Set<number>();
      let before = tracker.watermark() ?? -1;
      for (const index of order) {
        tracker.complete(tickets[index] as number);
        isDone.add(index);
        const firstOpen = offsets.findIndex((_, i) => !isDone.has(i));
        const expected = firstOpen < 0 ? (offsets.at(-1) as number) + 1 : offsets[firstOpen];
        assert.equal(tracker.watermark(), expected);
        assert.ok((tracker.watermark() ?? 0) >= before);
        before = tracker.watermark() ?? 0;
      }
      assert.equal(tracker.oldestTimestamp(), order.length === offsets.length ? null : tracker.watermark());
    }),
  );
});

test('an offset fetched again after a rejoin is not admitted twice', () => {
  const tracker = createPartitionTracker();
  assert.equal(tracker.admit(10, 0), 0);
  assert.equal(tracker.admit(11, 0), 1);
  assert.equal(tracker.admit(10, 0), -1);
  assert.equal(tracker.admit(11, 0), -1);
  assert.equal(tracker.admit(12, 0), 2);
});

test('completing twice, or with a ticket of long ago, changes nothing', () => {
  const tracker = createPartitionTracker();
  const first = tracker.admit(5, 0);
  tracker.complete(first);
  tracker.admit(6, 0);
  tracker.complete(first);
  tracker.complete(99);
  assert.equal(tracker.watermark(), 6);
  assert.equal(tracker.inHand(), 1);
});

test('knows its span and where it begins', () => {
  const tracker = createPartitionTracker(100);
  assert.equal(tracker.next(), 100);
  assert.equal(tracker.admit(99, 0), -1);
  const slow = tracker.admit(100, 0);
  for (let offset = 101; offset < 400; offset++) tracker.complete(tracker.admit(offset, 0));
  assert.equal(tracker.span(), 300);
  assert.equal(tracker.watermark(), 100);
  tracker.complete(slow);
  assert.equal(tracker.span(), 0);
  assert.equal(tracker.watermark(), 400);
});

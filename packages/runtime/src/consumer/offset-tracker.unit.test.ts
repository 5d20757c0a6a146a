import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createOffsetTracker, type Lease } from './offset-tracker.ts';

const partition = (number: number) => ({ topic: 't', partition: number });
const admit = (lease: Lease | null, offset: number): number => lease?.tracker.admit(offset, 0) ?? -1;

test('a late completion of a zombie moves nothing that could be committed', () => {
  const offsets = createOffsetTracker();
  offsets.assign([partition(0)], false);
  const old = offsets.lease('t', 0) as Lease;
  const ticket = admit(old, 7);
  offsets.assign([], true);
  assert.equal(old.isOwned, false);
  old.tracker.complete(ticket);
  assert.deepEqual(offsets.due(), []);
  offsets.assign([partition(0)], true);
  assert.deepEqual(offsets.due(), []);
  admit(offsets.lease('t', 0), 3);
  assert.deepEqual(offsets.due(), [{ ...partition(0), offset: 3 }]);
});

test('kept partitions keep what is in hand; a possible owner in between ends the lease', () => {
  const offsets = createOffsetTracker();
  offsets.assign([partition(0), partition(1)], false);
  const [first, second] = [offsets.lease('t', 0) as Lease, offsets.lease('t', 1) as Lease];
  const change = offsets.assign([partition(0), partition(2)], true);
  assert.deepEqual(change.kept, [first]);
  assert.deepEqual(change.lost, [second]);
  assert.equal(change.gained.length, 1);
  const broken = offsets.assign([partition(0)], false);
  assert.equal(broken.kept.length, 0);
  assert.equal(first.isOwned, false);
  assert.notEqual(offsets.lease('t', 0), first);
  assert.ok((offsets.lease('t', 0)?.epoch ?? 0) > first.epoch);
});

test('a confirmed commit is not due again until its watermark moves', () => {
  const offsets = createOffsetTracker();
  offsets.assign([partition(0)], false);
  const lease = offsets.lease('t', 0) as Lease;
  const ticket = admit(lease, 4);
  admit(lease, 5);
  offsets.confirmed(offsets.due());
  assert.deepEqual(offsets.due(), []);
  lease.tracker.complete(ticket);
  assert.deepEqual(offsets.due(), [{ ...partition(0), offset: 5 }]);
});

type Open = { readonly lease: Lease; readonly ticket: number; readonly offset: number };

function assertDueIsSafe(offsets: ReturnType<typeof createOffsetTracker>, open: readonly Open[]): void {
  for (const due of offsets.due()) {
    const lease = offsets.lease(due.topic, due.partition);
    assert.ok(lease?.isOwned);
    for (const work of open) if (work.lease === lease) assert.ok(due.offset <= work.offset);
  }
}

test('through any rebalances, only owned partitions are due and never beyond what is done', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 4 }));
  const step = fc.record({
    kind: fc.constantFrom('assign', 'admit', 'admit', 'complete'),
    numbers,
    isContinuous: fc.boolean(),
    n: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const offsets = createOffsetTracker();
      const open: Open[] = [];
      let next = 0;
      const actions: Record<string, (one: (typeof steps)[number]) => void> = {
        assign: (one) => offsets.assign(one.numbers.map(partition), one.isContinuous),
        admit: ({ n }) => {
          const lease = offsets.lease('t', n % 5);
          if (lease) open.push({ lease, offset: next, ticket: admit(lease, next++) });
        },
        complete: ({ n }) => {
          const [work] = open.splice(n % Math.max(1, open.length), 1);
          work?.lease.tracker.complete(work.ticket);
        },
      };
      for (const one of steps) {
        actions[one.kind]?.(one);
        assertDueIsSafe(offsets, open);
      }
    }),
  );
});

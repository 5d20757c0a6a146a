import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Lane, lanes } from '@clinstream/contracts';
import fc from 'fast-check';
import { createFairShare, defaultWeights, type FairShare } from './fair-share.ts';

/** Serves `rows` rows, one by one, to lanes that all have endless work. */
function serveBacklog(share: FairShare, rows: number, busy: readonly Lane[] = lanes): Lane[] {
  const endless = (lane: Lane): number => (busy.includes(lane) ? rows : 0);
  return Array.from({ length: rows }, () => {
    const given = share.allot({ stat: endless('stat'), urgent: endless('urgent'), routine: endless('routine') }, 1);
    const lane = lanes.find((one) => given[one] === 1);
    assert(lane);
    return lane;
  });
}

/** A share that has served one row at each of these times, when these lanes had work. */
function shareAfter(history: readonly (readonly Lane[])[]): FairShare {
  const share = createFairShare();
  for (const [i, busy] of history.entries()) {
    const before = history[i - 1] ?? [];
    for (const lane of busy.filter((one) => !before.includes(one))) share.wake(lane);
    serveBacklog(share, 1, busy);
  }
  return share;
}

const count = (served: readonly Lane[], lane: Lane): number => served.filter((one) => one === lane).length;

describe('fair share', () => {
  it('gives lanes with endless work rows in proportion to their weights', () => {
    const served = serveBacklog(createFairShare(), 21 * 50);
    assert.ok(Math.abs(count(served, 'stat') - 16 * 50) <= 1);
    assert.ok(Math.abs(count(served, 'urgent') - 4 * 50) <= 1);
    assert.ok(Math.abs(count(served, 'routine') - 50) <= 1);
  });

  it('lets no lane starve: a waiting row passes after at most one round of the others, whatever came before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.subarray([...lanes], { minLength: 1 }), { maxLength: 60 }),
        fc.constantFrom(...lanes),
        (history, waiting) => {
          const share = shareAfter([...history, lanes]);
          const others = lanes.reduce((sum, lane) => sum + Math.ceil(defaultWeights[lane] / defaultWeights[waiting]) + 1, 0);
          assert.ok(serveBacklog(share, others).includes(waiting));
        },
      ),
    );
  });

  it('serves a stat row that has just come among the next three, however long the others have waited', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.nat(40), (backlog, statBefore) => {
        const share = createFairShare();
        serveBacklog(share, statBefore);
        serveBacklog(share, backlog, ['urgent', 'routine']);
        share.wake('stat');
        assert.ok(serveBacklog(share, 3).includes('stat'));
      }),
    );
  });

  it('lets an idle lane save up no credit', () => {
    const share = createFairShare();
    serveBacklog(share, 1_000, ['stat']);
    share.wake('routine');
    const served = serveBacklog(share, 170, ['stat', 'routine']);
    assert.ok(count(served, 'routine') <= 11, `routine got ${count(served, 'routine')} of 170`);
  });

  it('gives never more than waits or was asked for, and all of it when there is room', () => {
    const anyCount = fc.nat(50);
    fc.assert(
      fc.property(fc.record({ stat: anyCount, urgent: anyCount, routine: anyCount }), fc.nat(200), (waiting, rows) => {
        const given = createFairShare().allot(waiting, rows);
        for (const lane of lanes) assert.ok(given[lane] <= waiting[lane]);
        const total = waiting.stat + waiting.urgent + waiting.routine;
        assert.equal(given.stat + given.urgent + given.routine, Math.min(rows, total));
      }),
    );
  });

  it('gives the same in one go as row by row', () => {
    const share = createFairShare();
    const served = serveBacklog(share, 100);
    const given = createFairShare().allot({ stat: 100, urgent: 100, routine: 100 }, 100);
    for (const lane of lanes) assert.equal(given[lane], count(served, lane));
  });
});

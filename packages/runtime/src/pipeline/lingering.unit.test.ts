import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createLingering } from './lingering.ts';

const linger = { ms: 20, maxRecords: 3, isUrgent: (topic: string) => topic === 'urgent' };

/** A lingering whose `due` counts, on a clock of the test's. */
function world(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const calls = { due: 0 };
  const lingering = createLingering(linger, () => {
    calls.due++;
  });
  return { lingering, calls, pass: (ms: number) => t.mock.timers.tick(ms) };
}

describe('lingering', () => {
  it('lets a record wait its time and no longer', (t) => {
    const { lingering, calls, pass } = world(t);
    lingering.added('patient');
    assert.equal(lingering.mayWait(1), true);
    pass(19);
    assert.deepEqual([calls.due, lingering.mayWait(1)], [0, true]);
    pass(1);
    assert.deepEqual([calls.due, lingering.mayWait(1)], [1, false]);
  });

  it('counts from the first record that waits: later ones do not prolong it', (t) => {
    const { lingering, calls, pass } = world(t);
    lingering.mayWait(1);
    pass(15);
    lingering.added('patient');
    lingering.mayWait(2);
    pass(5);
    assert.equal(calls.due, 1);
  });

  it('lets nothing wait beside an urgent record, nor when many wait', (t) => {
    const { lingering } = world(t);
    assert.equal(lingering.mayWait(3), false);
    assert.equal(lingering.mayWait(2), true);
    lingering.added('urgent');
    assert.equal(lingering.mayWait(2), false);
  });

  it('begins anew once all was taken, but what is left over goes at once', (t) => {
    const { lingering, calls, pass } = world(t);
    lingering.added('urgent');
    lingering.taken(1);
    assert.equal(lingering.mayWait(1), false);
    lingering.taken(0);
    assert.equal(lingering.mayWait(1), true);
    lingering.taken(0);
    pass(100);
    assert.equal(calls.due, 0, 'a clock of what was taken must not ring');
  });

  it('never waits when nobody asked for it, and rings no more once stopped', (t) => {
    assert.equal(createLingering(null, () => {}).mayWait(1), false);
    const { lingering, calls, pass } = world(t);
    lingering.mayWait(1);
    lingering.stop();
    pass(100);
    assert.equal(calls.due, 0);
  });
});

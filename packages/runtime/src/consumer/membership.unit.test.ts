import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createCommitter } from './committer.ts';
import { createMembership } from './membership.ts';
import type { CommitOffset } from './offset-tracker.ts';

function setUp() {
  const clock = { now: 0 };
  const fences: boolean[] = [];
  const membership = createMembership({
    now: () => clock.now,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 20_000,
    onFenced: (isFenced) => void fences.push(isFenced),
  });
  const join = (member = 'm', joins = 1): boolean => {
    for (let i = 0; i < joins; i++) membership.joining();
    const isContinuous = membership.joined(member);
    membership.alive();
    return isContinuous;
  };
  return { clock, fences, membership, join };
}

test('a zombie starts nothing new: silent for a session timeout means fenced, until a heartbeat is answered', () => {
  const { clock, fences, membership, join } = setUp();
  join();
  clock.now = 9_000;
  membership.tick();
  assert.deepEqual(fences, [false]);
  clock.now = 10_001;
  membership.tick();
  assert.deepEqual(fences, [false, true]);
  assert.equal(membership.mayCommit(), false);
  membership.alive();
  assert.deepEqual(fences, [false, true, false]);
});

test('from the begin of a join until its assignment nothing may be committed', () => {
  const { clock, fences, membership, join } = setUp();
  join();
  assert.equal(membership.mayCommit(), true);
  membership.joining();
  assert.equal(membership.mayCommit(), false);
  membership.alive();
  assert.equal(membership.mayCommit(), false);
  clock.now = 15_000;
  membership.tick();
  assert.deepEqual(fences, [false]);
  clock.now = 20_001;
  membership.tick();
  assert.deepEqual(fences, [false, true]);
});

test('an assignment is continuous only with the same member id, one join and the same session', () => {
  const { membership, join } = setUp();
  assert.equal(join('m'), false);
  assert.equal(join('m'), true);
  assert.equal(join('m', 2), false);
  assert.equal(join('other'), false);
  assert.equal(join('other'), true);
  membership.left();
  assert.equal(join('other'), false);
});

function committerWith(answers: (Error | null)[]) {
  const sent: (readonly CommitOffset[])[] = [];
  const outcomes: boolean[] = [];
  const state = { due: [{ topic: 't', partition: 0, offset: 1 }] as CommitOffset[], may: true, now: 1_000, confirmed: 0 };
  const committer = createCommitter({
    offsets: {
      due: () => state.due,
      confirmed: () => {
        state.confirmed++;
        state.due = [];
      },
    },
    policy: { everyMs: 500, everyRecords: 3 },
    commit: () =>
      state.may
        ? async (offsets) => {
            sent.push(offsets);
            const answer = answers.shift();
            if (answer) throw answer;
          }
        : null,
    onCommitted: (isOk) => void outcomes.push(isOk),
    now: () => state.now,
    log: createSilentTelemetry().log,
  });
  return { committer, sent, outcomes, state };
}

test('fails N-1 times then succeeds: a refused commit is not repeated by itself, the next one carries its offsets', async () => {
  const { committer, sent, outcomes, state } = committerWith([new Error('ILLEGAL_GENERATION'), new Error('again'), null]);
  for (let i = 0; i < 4; i++) await committer.commitNow();
  assert.equal(sent.length, 3);
  assert.deepEqual(outcomes, [false, false, true]);
  assert.equal(state.confirmed, 1);
});

test('commits on count and on time, one at a time, and not while it may not', async () => {
  const { committer, sent, state } = committerWith([]);
  for (let i = 0; i < 3; i++) committer.done();
  await committer.commitNow();
  assert.equal(sent.length, 1);
  state.due = [{ topic: 't', partition: 0, offset: 9 }];
  committer.tick();
  await committer.commitNow();
  assert.equal(sent.length, 2);
  state.due = [{ topic: 't', partition: 0, offset: 12 }];
  state.may = false;
  state.now = 9_000;
  committer.tick();
  await committer.commitNow();
  assert.equal(sent.length, 2);
});

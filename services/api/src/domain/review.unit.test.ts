import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnalysisState, reduceAnalysis, reviewOf } from '@clinstream/contracts';
import { ended, requested } from '../../test/events.ts';
import type { StoredAnalysis } from './analysis-view.ts';
import { decideReview, type ReviewRequest } from './review.ts';

const stateOf = (...events: readonly Parameters<typeof reduceAnalysis>[1][]): AnalysisState => {
  const state = events.reduce<AnalysisState | null>(reduceAnalysis, null);
  assert.ok(state);
  return state;
};
const stored = (state: AnalysisState, change: Partial<StoredAnalysis> = {}): StoredAnalysis => ({
  state,
  staleInputs: [],
  mergedInFlight: false,
  ...change,
});
const completed = stateOf(requested('a'), ended('a'));
const looked: ReviewRequest = {
  decision: 'approve',
  generation: 1,
  attempt: 1,
  modelVersion: '1.0.0',
  modelDigest: 'sha256:aa',
};
const doctor = { subject: 'dr-1', role: 'doctor' };

test('facts 6.10: an approval names job, attempt, model version and digest; anything else is not current', () => {
  assert.equal(decideReview(stored(completed), looked, doctor, 1).refused, null);
  for (const other of [
    { generation: 2 },
    { attempt: 2 },
    { modelVersion: '2.0.0' },
    { modelDigest: 'sha256:bb' },
    { modelDigest: null },
  ])
    assert.equal(decideReview(stored(completed), { ...looked, ...other }, doctor, 1).refused, 'REVIEW_NOT_CURRENT');
});

test('what has not completed cannot be reviewed', () => {
  const failed = stateOf(requested('a'), ended('a', { type: 'AnalysisFailed', prediction: null, evidence: null }));
  assert.equal(decideReview(stored(failed), looked, doctor, 1).refused, 'REVIEW_NOT_COMPLETED');
  const again = stateOf(requested('a'), ended('a'), requested('a', { generation: 2 }));
  assert.equal(decideReview(stored(again), looked, doctor, 1).refused, 'REVIEW_NOT_CURRENT');
});

test('facts 6.5: a stale result can be rejected but not approved', () => {
  const stale = stored(completed, { staleInputs: ['o1'] });
  assert.equal(decideReview(stale, looked, doctor, 1).refused, 'REVIEW_STALE');
  assert.equal(decideReview(stale, { ...looked, decision: 'reject' }, doctor, 1).refused, null);
});

test('the same judgement by the same person is the same event; a change of mind is later than what it replaces, whatever the clock says', () => {
  const first = decideReview(stored(completed), looked, doctor, 1_000);
  assert.ok(first.refused === null);
  const approved = stateOf(requested('a'), ended('a'), first.event);
  const again = decideReview(stored(approved), looked, doctor, 9_000);
  assert.ok(again.refused === null);
  assert.deepEqual([again.eventId, again.event], [first.eventId, first.event]);
  const changed = decideReview(stored(approved), { ...looked, decision: 'reject' }, { ...doctor, subject: 'dr-2' }, 500);
  assert.ok(changed.refused === null);
  assert.notEqual(changed.eventId, first.eventId);
  const rejected = reduceAnalysis(approved, changed.event);
  assert.equal(rejected && reviewOf(rejected), 'rejected');
});

test('the event carries the result that was judged', () => {
  const decided = decideReview(stored(completed), { ...looked, comment: 'fits' }, doctor, 1_000);
  assert.ok(decided.refused === null);
  const { prediction, evidence, comment, reviewer, reviewerRole } = decided.event;
  assert.deepEqual(
    [prediction, evidence, comment, reviewer, reviewerRole],
    [completed.prediction, completed.evidence, 'fits', 'dr-1', 'doctor'],
  );
});

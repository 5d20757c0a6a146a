import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deliveriesOf, fold, withoutVersion } from '../../test/deliveries.ts';
import type { AnalysisEnded, AnalysisProgressed, AnalysisRequested, AnalysisReviewed } from '../generated/types.ts';
import { type AnalysisEvent, type AnalysisState, isEnded, reduceAnalysis } from './analysis.ts';
import { currentReview, releasedResult, reviewOf } from './review.ts';

const requested = (generation: number, change: Partial<AnalysisRequested> = {}): AnalysisRequested => ({
  type: 'AnalysisRequested',
  jobId: 'job',
  patientKey: 'h|a|1',
  generation,
  model: 'breast-cancer',
  modelVersion: `asked-${generation}`,
  inputSet: 'set',
  features: [],
  subject: null,
  inputProblem: null,
  inputObservations: [`observation-${generation}`],
  evidence: false,
  priority: generation === 1 ? 'routine' : 'stat',
  orderId: null,
  requestedBy: 'lab',
  requestedAt: generation * 1000,
  ...change,
});

const progressed = (generation: number, attempt: number, percent: number): AnalysisProgressed => ({
  type: percent === 0 ? 'AnalysisStarted' : 'AnalysisProgressed',
  jobId: 'job',
  patientKey: 'h|a|1',
  generation,
  attempt,
  stage: `stage-${percent}`,
  percent,
  failureCode: null,
  // Clocks of two workers differ: a later percent may name an earlier moment.
  at: generation * 1000 + attempt * 100 + ((percent * 37) % 90),
});

const ended = (generation: number, attempt: number, change: Partial<AnalysisEnded> = {}): AnalysisEnded => ({
  type: attempt % 2 === 0 ? 'AnalysisFailed' : 'AnalysisCompleted',
  jobId: 'job',
  patientKey: 'h|a|1',
  generation,
  attempt,
  model: 'breast-cancer',
  modelVersion: `ran-${generation}-${attempt}`,
  modelDigest: 'digest',
  prediction: attempt % 2 === 0 ? null : { label: 'malignant', probability: attempt / 10, margin: null },
  evidence: null,
  reasons: [],
  failure: attempt % 2 === 0 ? { code: 'MODEL_TIMEOUT', input: null } : null,
  startedAt: generation * 1000 + attempt,
  endedAt: generation * 1000 + attempt + 1,
  ...change,
});

const reviewed = (
  decision: 'Approved' | 'Rejected',
  generation: number,
  attempt: number,
  change: Partial<AnalysisReviewed> = {},
): AnalysisReviewed => ({
  type: `Analysis${decision}`,
  jobId: 'job',
  patientKey: 'h|a|1',
  generation,
  attempt,
  model: 'breast-cancer',
  modelVersion: `ran-${generation}-${attempt}`,
  modelDigest: 'digest',
  prediction: { label: 'malignant', probability: attempt / 10, margin: null },
  evidence: null,
  reasons: [],
  inputObservations: [],
  startedAt: null,
  endedAt: null,
  reviewer: 'dr-1',
  reviewerRole: 'doctor',
  comment: null,
  at: 10_000,
  ...change,
});

const generation = fc.integer({ min: 1, max: 3 });
const attempt = fc.integer({ min: 1, max: 3 });
const anyEvent: fc.Arbitrary<AnalysisEvent> = fc.oneof(
  generation.map((g) => requested(g)),
  fc.tuple(generation, attempt, fc.constantFrom(0, 30, 60, 100)).map((ranks) => progressed(...ranks)),
  fc.tuple(generation, attempt).map((ranks) => ended(...ranks)),
  fc
    .tuple(
      fc.constantFrom('Approved' as const, 'Rejected' as const),
      generation,
      attempt,
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
    )
    .map(([decision, g, a, at, other]) => reviewed(decision, g, a, { at, reviewer: other ? 'dr-2' : 'dr-1' })),
);

test('any order and repetition of the events gives the same job', () => {
  fc.assert(
    fc.property(deliveriesOf(fc.array(anyEvent, { maxLength: 12 })), ({ plain, shuffled }) => {
      assert.deepEqual(withoutVersion(fold(reduceAnalysis, shuffled)), withoutVersion(fold(reduceAnalysis, plain)));
    }),
    { numRuns: 1000 },
  );
});

test('an event seen before changes nothing: the very same state comes back', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 12 }), (events) => {
      const state = fold(reduceAnalysis, events);
      for (const event of events) assert.equal(reduceAnalysis(state, event), state);
    }),
  );
});

test('the current result never goes back to a lower generation or attempt', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 12 }), anyEvent, (events, late) => {
      const before = fold(reduceAnalysis, events);
      const after = reduceAnalysis(before, late);
      if (before === null || after === null) return;
      assert.ok(after.generation >= before.generation);
      if (after.generation > before.generation || !isEnded(before.status)) return;
      assert.ok(isEnded(after.status) && after.attempt >= before.attempt);
    }),
  );
});

test('a late lower attempt and a replayed old state never win', () => {
  const state = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, [requested(1), progressed(1, 2, 0), ended(1, 3)]);
  const replayed = fold<AnalysisState, AnalysisEvent>(
    reduceAnalysis,
    [ended(1, 1), ended(1, 2), progressed(1, 3, 60), requested(1)],
    state,
  );
  assert.equal(replayed, state);
  assert.equal(replayed?.modelVersion, 'ran-1-3');
});

test('of two different ends of equal rank the first in the log stays', () => {
  const other = ended(1, 1, { type: 'AnalysisCancelled', prediction: null });
  const state = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, [requested(1), ended(1, 1), other]);
  assert.equal(state?.status, 'completed');
});

test('an end before its request stands, and the request completes its row', () => {
  const early = reduceAnalysis(null, ended(1, 1));
  assert.equal(early?.requestedGeneration, 0);
  const late = reduceAnalysis(early, requested(1));
  assert.deepEqual([late?.status, late?.requestedBy, late?.modelVersion], ['completed', 'lab', 'ran-1-1']);
});

test('reprocessing starts over: nothing of the former result is shown', () => {
  const state = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, [requested(1), ended(1, 1), requested(2)]);
  assert.deepEqual(
    [state?.status, state?.prediction, state?.endedAt, state?.modelDigest, state?.modelVersion],
    ['queued', null, null, null, 'asked-2'],
  );
});

test('the version asked for is shown although the start came before the request', () => {
  const state = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, [progressed(1, 1, 0), requested(1)]);
  assert.deepEqual([state?.status, state?.modelVersion], ['running', 'asked-1']);
});

test('a run began at the earliest moment its events name', () => {
  const state = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, [progressed(1, 1, 60), progressed(1, 1, 0)]);
  assert.deepEqual([state?.percent, state?.startedAt], [60, progressed(1, 1, 0).at]);
});

test('an event type this build does not know changes nothing', () => {
  const state = reduceAnalysis(null, requested(1));
  assert.equal(reduceAnalysis(state, { ...ended(1, 1), type: 'Unknown' }), state);
  assert.equal(reduceAnalysis(null, { ...ended(1, 1), type: 'Unknown' }), null);
});

test('facts 6.10: an approved result stands through reprocessing, and the new result waits for a review of its own', () => {
  const approved = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, [requested(1), ended(1, 1), reviewed('Approved', 1, 1)]);
  assert.deepEqual([approved && reviewOf(approved), approved && releasedResult(approved)?.generation], ['approved', 1]);
  const again = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, [requested(2), ended(2, 1)], approved);
  assert.ok(again);
  assert.deepEqual([reviewOf(again), releasedResult(again)?.modelVersion], ['pending', 'ran-1-1']);
  const successor = reduceAnalysis(again, reviewed('Approved', 2, 1));
  assert.ok(successor);
  assert.deepEqual([reviewOf(successor), releasedResult(successor)?.modelVersion], ['approved', 'ran-2-1']);
});

test('of one result the newest review counts, and of one moment the rejection', () => {
  const state = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, [
    requested(1),
    ended(1, 1),
    reviewed('Approved', 1, 1, { at: 5 }),
    reviewed('Rejected', 1, 1, { at: 7, comment: 'artefact' }),
    reviewed('Approved', 1, 1, { at: 7 }),
    reviewed('Approved', 1, 1, { at: 6 }),
  ]);
  assert.ok(state);
  assert.deepEqual([reviewOf(state), currentReview(state)?.comment, releasedResult(state)], ['rejected', 'artefact', null]);
});

test('a review of other bytes of the model is no review of the current result', () => {
  const state = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, [
    requested(1),
    ended(1, 1),
    reviewed('Approved', 1, 1, { modelDigest: 'other' }),
  ]);
  assert.equal(state && reviewOf(state), 'pending');
});

test('there is nothing to review before a job has completed, nor when it failed', () => {
  for (const events of [[requested(1)], [requested(1), ended(1, 2)]]) {
    const state = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, events);
    assert.equal(state && reviewOf(state), null);
  }
});

test('a review that comes before everything else stands', () => {
  const state = fold<AnalysisState, AnalysisEvent>(reduceAnalysis, [reviewed('Approved', 1, 1), ended(1, 1), requested(1)]);
  assert.deepEqual([state && reviewOf(state), state?.status], ['approved', 'completed']);
});

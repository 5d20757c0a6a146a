import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnalysisReview, reduceAnalysis, reduceObservation, reduceOrder } from '@clinstream/contracts';
import { observed, ordered, patient, requested } from '../../test/events.ts';
import { compareLog } from './compare-log.ts';
import { isNews } from './is-news.ts';
import { idOf, laneKeyOf, linksOf, type Subject } from './subject.ts';

const analysisOf = (change: Parameters<typeof requested>[1]): Extract<Subject, { kind: 'analysis' }> => {
  const state = reduceAnalysis(null, requested('j1', change));
  if (state === null) throw new Error('a request makes a state');
  return { kind: 'analysis', state };
};

const reviewOfNothing: AnalysisReview = {
  generation: 1,
  attempt: 1,
  model: 'm',
  modelVersion: null,
  modelDigest: null,
  prediction: null,
  evidence: null,
  reasons: [],
  inputObservations: [],
  startedAt: null,
  endedAt: null,
  decision: 'approved',
  reviewer: 'dr-7',
  reviewerRole: 'doctor',
  comment: null,
  at: 1,
};

test('a job without a patient is serialised by itself', () => {
  const subject = analysisOf({ patientKey: null });
  assert.deepEqual([idOf(subject), laneKeyOf(subject)], ['j1', 'j1']);
});

test('an analysis is rendered with its order, patient and inputs, each once; a result with its order; an added order with its parent', () => {
  assert.deepEqual(linksOf(analysisOf({ orderId: 'o1', inputObservations: ['v1', 'v2', 'v1'] })), ['o1', patient, 'v1', 'v2']);
  const state = reduceObservation(null, observed('v1', { orderId: 'o1' }));
  assert.deepEqual(state && linksOf({ kind: 'observation', state }), ['o1']);
  const added = reduceOrder(null, ordered('o2', { parentOrderId: 'o1' }));
  assert.deepEqual(added && linksOf({ kind: 'order', state: added }), ['o1']);
});

test('an analysis is rendered with the inputs of its approved result, too, while it is run again with others', () => {
  const { state } = analysisOf({ inputObservations: ['v2'] });
  const review = { ...reviewOfNothing, inputObservations: ['v1'] };
  assert.deepEqual(linksOf({ kind: 'analysis', state: { ...state, reviews: [review] } }), [patient, 'v2', 'v1']);
});

test('how far a job is is no news, that it runs is', () => {
  const queued = analysisOf({});
  const at = (percent: number): Subject => ({
    kind: 'analysis',
    state: { ...queued.state, status: 'running', percent, stage: `${percent}`, version: percent },
  });
  assert.equal(isNews(queued, at(1)), true);
  assert.equal(isNews(at(1), at(50)), false);
});

test('a log that is shorter than what was read from it is another log', () => {
  const known = { nextOffset: 10, moving: false };
  assert.deepEqual(compareLog(null, { logStartOffset: 3, logEndOffset: 9 }), { kind: 'first-sight', nextOffset: 3 });
  assert.deepEqual(compareLog(known, { logStartOffset: 0, logEndOffset: 10 }), { kind: 'continue', nextOffset: 10 });
  assert.deepEqual(compareLog(known, { logStartOffset: 0, logEndOffset: 9 }), { kind: 'log-too-short' });
  assert.deepEqual(compareLog({ ...known, moving: true }, { logStartOffset: 0, logEndOffset: 9 }), { kind: 'look-again' });
  assert.deepEqual(compareLog(known, { logStartOffset: 12, logEndOffset: 20 }), { kind: 'gap', fromOffset: 10, nextOffset: 12 });
});

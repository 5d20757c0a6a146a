import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnalysisState, reduceAnalysis } from '@clinstream/contracts';
import fc from 'fast-check';
import { ended, observed, progressed, received, requested, today } from '../../test/events.ts';
import { viewAnalysis, viewPending } from './analysis-view.ts';
import { compareLog } from './compare-log.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import { reduceMessage, reusesControlId } from './message.ts';
import { createModelNames } from './model-names.ts';
import { formatNotice, parseNotice } from './notice.ts';
import { createDepthChanges } from './queue-depth.ts';
import { reduceStoredObservation } from './stored-observation.ts';

const stateOf = (...events: Parameters<typeof reduceAnalysis>[1][]): AnalysisState => {
  const state = events.reduce<AnalysisState | null>(reduceAnalysis, null);
  assert.ok(state);
  return state;
};

test('a cursor gives back what it was made of, whatever the id; other text is refused', () => {
  fc.assert(
    fc.property(fc.nat(), fc.string({ unit: 'grapheme' }), (at, id) => {
      const cursor = formatCursor({ at, id });
      assert.match(cursor, /^[A-Za-z0-9_-]+$/);
      assert.deepEqual(parseCursor(cursor), { at, id });
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void parseCursor(text)));
  for (const text of ['', 'nonsense', btoa('[1]'), btoa('{"at":1}'), btoa('[1.5,"a"]')])
    assert.equal(parseCursor(text), null, text);
});

test('a notice names its jobs, or says many; what is not understood means look at everything', () => {
  const notice = { ended: ['a', 'é"'], moved: ['b'] };
  assert.deepEqual(parseNotice(formatNotice(notice)), notice);
  assert.equal(formatNotice({ ended: [], moved: [] }), '');
  const long = Array.from({ length: 300 }, (_, i) => `00000000-0000-5000-8000-${String(i).padStart(12, '0')}`);
  assert.equal(formatNotice({ ended: long, moved: [] }), 'many');
  assert.equal(formatNotice({ ended: Array.from({ length: 5_000 }, String), moved: [] }), 'many');
  for (const text of [null, 'many', '', '{', '{"ended":1}']) assert.equal(parseNotice(text), null);
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
      assert.ok(Buffer.byteLength(formatNotice({ ended: a, moved: b })) < 8_000);
    }),
  );
});

test('queue counts follow a job through its life and end at nothing', () => {
  const depth = createDepthChanges();
  const [queued, running, done] = [
    stateOf(requested('a')),
    stateOf(requested('a'), progressed('a')),
    stateOf(requested('a'), progressed('a'), ended('a')),
  ];
  const second = Math.floor(today / 1000);
  depth.moved(null, queued, 3);
  assert.deepEqual(depth.list(), [{ lane: 'routine', partition: 3, requestedSecond: second, waiting: 1, running: 0 }]);
  depth.moved(queued, running, 3);
  assert.deepEqual(depth.list(), [{ lane: 'routine', partition: 3, requestedSecond: second, waiting: 0, running: 1 }]);
  depth.moved(running, done, 3);
  assert.deepEqual(depth.list(), []);
});

test('the log is compared before it is read', () => {
  const known = { nextOffset: 10, moving: false };
  const log = (logStartOffset: number, logEndOffset: number) => ({ logStartOffset, logEndOffset });
  assert.deepEqual(compareLog(null, log(5, 9)), { kind: 'first-sight', nextOffset: 5 });
  assert.deepEqual(compareLog(known, log(0, 10)), { kind: 'continue', nextOffset: 10 });
  assert.deepEqual(compareLog(known, log(0, 9)), { kind: 'log-too-short' });
  assert.deepEqual(compareLog({ ...known, moving: true }, log(0, 9)), { kind: 'look-again' });
  assert.deepEqual(compareLog(known, log(11, 30)), { kind: 'gap', fromOffset: 10, nextOffset: 11 });
  assert.deepEqual(compareLog(known, log(10, 30)), { kind: 'continue', nextOffset: 10 });
});

test('of a message sent again the newest answer is shown; another content under its control id is flagged', () => {
  const first = reduceMessage(null, received('m', { acknowledgement: 'CE' }));
  const again = reduceMessage(first, received('m', { receivedAt: today + 1 }));
  assert.deepEqual([again?.acknowledgement, again?.version], ['AA', 2]);
  assert.equal(reduceMessage(again, received('m', { acknowledgement: 'CE' })), again);
  assert.equal(reduceMessage(again, received('m', { type: 'Unknown', receivedAt: today + 9 })), again);
  const other = reduceMessage(null, received('n'));
  assert.ok(again && other);
  assert.equal(reusesControlId(again, [again, other]), true);
  assert.equal(reusesControlId(again, [again, { ...other, sendingApplication: 'X' }]), false);
  assert.equal(reusesControlId(again, [again]), false);
});

test('a result keeps the log time of the event it shows', () => {
  const final = reduceStoredObservation(null, observed('o'), 100);
  const late = reduceStoredObservation(final, observed('o', { status: 'preliminary' }), 200);
  assert.equal(late, final);
  const named = reduceStoredObservation(final, observed('o', { status: 'preliminary', orderId: 'order' }), 250);
  assert.deepEqual([named?.orderId, named?.changedAt], ['order', 100]);
  const corrected = reduceStoredObservation(named, observed('o', { status: 'corrected', sourceVersion: today + 1 }), 300);
  assert.deepEqual([corrected?.status, corrected?.changedAt], ['corrected', 300]);
});

test('evidence of a model nobody describes keeps its positions as names', () => {
  const state = stateOf(requested('a'), ended('a'));
  const view = viewAnalysis({ state, staleInputs: [], mergedInFlight: false }, createModelNames([]));
  assert.deepEqual(
    view.evidence?.inputs.map((input) => [input.name, input.value]),
    [
      ['input 2', -1.25],
      ['input 1', 0.5],
      ['input 3', 0.125],
    ],
  );
  assert.equal(view.model?.title, null);
  assert.equal(viewPending('a').status, 'pending');
});

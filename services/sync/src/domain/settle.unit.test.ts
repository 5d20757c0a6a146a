import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LedgerRow, type LedgerVerdict, settle } from './settle.ts';

const row: LedgerRow = {
  kind: 'order',
  id: 'o1',
  mark: 1,
  force: false,
  attempts: 0,
  outcome: null,
  digest: null,
  remoteId: null,
  remoteVersion: null,
  acknowledgement: null,
  code: null,
  detail: null,
  memo: null,
  refused: null,
  outcomeAt: null,
  revision: 0,
};
const context = {
  target: 'fhir',
  patientKey: 'H|A|1',
  readMark: 1,
  basis: 'state-1',
  subjectVersion: 1,
  changedAt: 5,
  now: 10,
  random: 0,
  maxAttempts: 3,
} as const;
const delivered = (digest: string, sent = true): LedgerVerdict => ({
  outcome: 'delivered',
  sent,
  digest,
  remoteId: 'r',
  remoteVersion: '1',
  acknowledgement: '200',
  memo: { a: 1 },
});
const retry: LedgerVerdict = { outcome: 'retry', code: 'CONFLICT', afterMs: 0 };

test('unchanged content is no news: same revision, no event', () => {
  const first = settle(row, delivered('d'), context);
  assert.deepEqual([first.row.revision, first.event?.type, first.row.waiting], [1, 'DeliveryDelivered', false]);
  const again = settle(first.row, delivered('d', false), context);
  assert.deepEqual([again.row.revision, again.event, again.row.waiting], [1, null, false]);
});

test('a forced delivery of unchanged content is news', () => {
  const first = settle(row, delivered('d'), context);
  const forced = settle({ ...first.row, force: true }, delivered('d'), context);
  assert.deepEqual([forced.row.revision, forced.row.force], [2, false]);
});

test('a mark that came during the delivery keeps it waiting, and a redelivery asked for meanwhile stays asked for', () => {
  const { row: next } = settle({ ...row, mark: 2, force: true }, delivered('d'), context);
  assert.deepEqual([next.waiting, next.force, next.outcome], [true, true, 'delivered']);
});

test('retries wait longer each time and end in review after the last', () => {
  const first = settle(row, retry, context);
  const second = settle(first.row, retry, context);
  const third = settle(second.row, retry, context);
  assert.deepEqual([first.retryInMs, second.retryInMs, third.retryInMs], [500, 1_000, null]);
  assert.deepEqual(
    [third.row.outcome, third.row.waiting, third.event?.attempts, third.event?.code],
    ['needs_review', false, 3, 'CONFLICT'],
  );
  assert.equal(third.row.clearsIntent, false, 'nobody knows how it ended');
});

test('a new change gives a retrying row all its tries again', () => {
  const tired = { ...row, attempts: 2, mark: 2 };
  const { row: next, retryInMs } = settle(tired, retry, context);
  assert.deepEqual([next.attempts, next.waiting, retryInMs !== null], [0, true, true]);
});

test('a refusal keeps what was accepted before', () => {
  const first = settle(row, delivered('d'), context);
  const { row: next, event } = settle(
    first.row,
    { outcome: 'rejected', code: 'X', acknowledgement: '422', detail: { a: 1 } },
    context,
  );
  assert.deepEqual([next.digest, next.remoteId, next.outcome, next.clearsIntent], ['d', 'r', 'rejected', true]);
  assert.equal(JSON.stringify(event).includes('detail'), false);
});

test('ids and codes from outside are bounded and hold no control characters', () => {
  const { row: next } = settle(
    row,
    { ...delivered('d'), remoteId: 'a\u0000b\ud800', acknowledgement: 'x'.repeat(5_000) },
    context,
  );
  assert.equal(next.remoteId, 'ab\ufffd');
  assert.equal(next.acknowledgement?.length, 64);
});

const anyVerdict: fc.Arbitrary<LedgerVerdict> = fc.oneof(
  fc.constantFrom('d1', 'd2').chain((digest) => fc.boolean().map((sent) => delivered(digest, sent))),
  fc.constantFrom('H1', 'H2').map((code): LedgerVerdict => ({ outcome: 'held', code })),
  fc.constant<LedgerVerdict>({ outcome: 'rejected', code: 'R', acknowledgement: '422', detail: {} }),
  fc.constant<LedgerVerdict>({ outcome: 'needs_review', code: 'N', acknowledgement: null, detail: null }),
  fc.constant(retry),
);

test('property: the revision grows by one with each event and only then; a row waits exactly when marked again or to be retried', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ verdict: anyVerdict, marked: fc.boolean() }), { maxLength: 30 }), (steps) => {
      let current = row;
      for (const { verdict, marked } of steps) {
        const readMark = current.mark;
        const {
          row: next,
          event,
          retryInMs,
        } = settle({ ...current, mark: readMark + (marked ? 1 : 0) }, verdict, { ...context, readMark });
        assert.equal(next.revision, current.revision + (event === null ? 0 : 1));
        assert.equal(event?.revision ?? next.revision, next.revision);
        assert.equal(next.waiting, marked || retryInMs !== null);
        assert.ok(next.attempts < context.maxAttempts || next.outcome === 'needs_review');
        current = next;
      }
    }),
  );
});

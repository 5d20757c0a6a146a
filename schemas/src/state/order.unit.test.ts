import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deliveriesOf, fold, withoutVersion } from '../../test/deliveries.ts';
import type { OrderEvent, OrderEventType } from '../generated/types.ts';
import { reduceOrder } from './order.ts';

const order = (type: OrderEventType, sourceVersion: number, change: Partial<OrderEvent> = {}): OrderEvent => ({
  type,
  orderId: 'order',
  patientKey: 'h|a|1',
  placerNumber: 'P1',
  placerAuthority: 'EHR',
  fillerNumber: type === 'OrderCancelled' ? 'F1' : null,
  kind: 'laboratory',
  priority: sourceVersion % 2 === 0 ? 'stat' : 'routine',
  code: { code: 'CBC', system: 'L', display: null },
  note: `${type} at ${sourceVersion}`,
  contentDigest: `${type}-${sourceVersion}`,
  sourceVersion,
  requestedBy: 'ehr',
  requestedAt: sourceVersion,
  analysisJobId: null,
  messageId: null,
  specimen: null,
  orderingProvider: null,
  parentOrderId: null,
  specimenRejectReasons: [],
  ...change,
});

const placed = order('OrderPlaced', 1, { analysisJobId: 'job' });
const later = fc.integer({ min: 1, max: 6 });
const anyEvent = fc.oneof(
  fc.constant(placed),
  later.map((version) => order('OrderAmended', version)),
  later.map((version) => order('OrderCancelRequested', version)),
  later.map((version) => order('OrderCancelled', version)),
  later.map((version) => order('OrderCompleted', version)),
  later.map((version) => order('OrderCancelRefused', version)),
  fc
    .tuple(later, fc.constantFrom('RH', 'QS'))
    .map(([version, reason]) => order('OrderSpecimenRejected', version, { specimenRejectReasons: [reason] })),
);

test('any order and repetition of one placement and what follows it gives the same order', () => {
  fc.assert(
    fc.property(deliveriesOf(fc.array(anyEvent, { maxLength: 10 })), ({ plain, shuffled }) => {
      assert.deepEqual(withoutVersion(fold(reduceOrder, shuffled)), withoutVersion(fold(reduceOrder, plain)));
    }),
    { numRuns: 1000 },
  );
});

test('an event seen before changes nothing: the very same state comes back', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 10 }), (events) => {
      const state = fold(reduceOrder, events);
      for (const event of events) assert.equal(reduceOrder(state, event), state);
    }),
  );
});

test('a placement of another patient under the same number is a conflict, whichever of the two claims to be older', () => {
  for (const version of [0, 1, 9]) {
    const other = order('OrderPlaced', version, {
      patientKey: 'h|a|2',
      contentDigest: placed.contentDigest,
      analysisJobId: 'other',
    });
    const state = fold(reduceOrder, [placed, other]);
    assert.deepEqual([state?.conflicting, state?.patientKey, state?.analysisJobId], [true, 'h|a|1', 'job'], String(version));
  }
});

test('a cancelled order stays cancelled, whatever comes after', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 10 }), (events) => {
      assert.equal(fold(reduceOrder, events, reduceOrder(null, order('OrderCancelled', 3)))?.status, 'cancelled');
    }),
  );
});

test('a wish to cancel is no cancellation', () => {
  assert.equal(fold(reduceOrder, [placed, order('OrderCancelRequested', 2)])?.status, 'cancel_requested');
});

test('the same placement again is a no-op, also after an amendment', () => {
  const state = fold(reduceOrder, [placed, order('OrderAmended', 2)]);
  assert.equal(reduceOrder(state, placed), state);
  assert.equal(state?.note, 'OrderAmended at 2');
});

test('an amendment that came before its placement shows as pending, then stands', () => {
  const early = reduceOrder(null, order('OrderAmended', 2));
  assert.equal(early?.status, 'pending');
  const state = reduceOrder(early, placed);
  assert.deepEqual([state?.status, state?.note], ['active', 'OrderAmended at 2']);
});

test('other content under the same placer number is refused and marked, and repeating it changes nothing more', () => {
  const other = order('OrderPlaced', 2, { contentDigest: 'other' });
  const state = fold(reduceOrder, [placed, other]);
  assert.deepEqual([state?.conflicting, state?.contentDigest, state?.status], [true, placed.contentDigest, 'active']);
  assert.equal(fold(reduceOrder, [other, placed], state), state);
});

test('of two different amendments of one version the first in the log stays', () => {
  const other = order('OrderAmended', 2, { note: 'other' });
  assert.equal(fold(reduceOrder, [placed, order('OrderAmended', 2), other])?.note, 'OrderAmended at 2');
});

test('an event type this build does not know changes nothing', () => {
  assert.equal(reduceOrder(null, order('Unknown', 1)), null);
});

test('an amendment of the same second as its placement is the newer content, in either order of arrival', () => {
  const amended = order('OrderAmended', 1);
  for (const events of [
    [placed, amended],
    [amended, placed],
    [placed, amended, placed],
  ]) {
    const state = fold(reduceOrder, events);
    assert.equal(state?.note, amended.note);
    assert.equal(state?.conflicting, false);
  }
});

test('an amendment does not lose the job that the placement asked for', () => {
  for (const events of [
    [placed, order('OrderAmended', 2)],
    [order('OrderAmended', 2), placed],
  ])
    assert.equal(fold(reduceOrder, events)?.analysisJobId, 'job');
});

test('facts 6.6: after a refused cancellation the order is active and says so, until somebody wishes anew', () => {
  const wish = order('OrderCancelRequested', 2);
  const refusal = order('OrderCancelRefused', 2);
  const state = fold(reduceOrder, [placed, wish, refusal]);
  assert.deepEqual([state?.status, state?.cancelRefused], ['active', true]);
  assert.equal(fold(reduceOrder, [wish], state), state);
  const again = fold(reduceOrder, [order('OrderCancelRequested', 3)], state);
  assert.deepEqual([again?.status, again?.cancelRefused], ['cancel_requested', false]);
});

test('a completed order is not taken back to waiting, and can still be cancelled by the laboratory', () => {
  const state = fold(reduceOrder, [
    placed,
    order('OrderCompleted', 2),
    order('OrderCancelRequested', 3),
    order('OrderAmended', 4),
  ]);
  assert.equal(state?.status, 'completed');
  assert.equal(fold(reduceOrder, [order('OrderCancelled', 5)], state)?.status, 'cancelled');
});

test('specimen and ordering provider belong to the content: an amendment replaces them', () => {
  const specimen = { id: 'S-1', code: null, collectedAt: null };
  const state = fold(reduceOrder, [placed, order('OrderAmended', 2, { specimen }), order('OrderCompleted', 3)]);
  assert.deepEqual(state?.specimen, specimen);
});

test('a rejected specimen is told by the order, which stands: another specimen may come', () => {
  const rejected = order('OrderSpecimenRejected', 2, { specimenRejectReasons: ['RH'] });
  const state = fold(reduceOrder, [placed, rejected]);
  assert.deepEqual([state?.status, state?.specimenRejectReasons, state?.specimenRejectedVersion], ['active', ['RH'], 2]);
  const later = fold(reduceOrder, [order('OrderSpecimenRejected', 3, { specimenRejectReasons: ['QS'] }), rejected], state);
  assert.deepEqual(later?.specimenRejectReasons, ['QS']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deliveriesOf, fold, withoutVersion } from '../../test/deliveries.ts';
import type { ObservationEvent, ObservationStatus } from '../generated/types.ts';
import { type ObservationState, reduceObservation } from './observation.ts';

const statuses: readonly ObservationStatus[] = ['preliminary', 'final', 'amended', 'corrected', 'cancelled', 'entered_in_error'];

const reported = (
  status: ObservationStatus,
  sourceVersion: number,
  change: Partial<ObservationEvent> = {},
): ObservationEvent => ({
  type: 'ObservationReported',
  observationId: 'observation',
  patientKey: 'h|a|1',
  orderId: null,
  fillerNumber: 'F1',
  code: { code: '2160-0', system: 'LN', display: null },
  subId: null,
  value: { numeric: sourceVersion + statuses.indexOf(status) / 10, comparator: null, text: null, unit: 'mg/dL' },
  status,
  abnormalFlag: null,
  referenceRange: null,
  effectiveAt: null,
  sourceVersion,
  messageId: null,
  ...change,
});

const anyEvent = fc
  .record({
    status: fc.constantFrom(...statuses),
    sourceVersion: fc.integer({ min: 1, max: 4 }),
  })
  // The same rank is always the same event; some of them do not name the order.
  .map(({ status, sourceVersion }) => reported(status, sourceVersion, { orderId: sourceVersion % 2 === 0 ? 'order' : null }));

test('any order and repetition of the events gives the same result', () => {
  fc.assert(
    fc.property(deliveriesOf(fc.array(anyEvent, { maxLength: 10 })), ({ plain, shuffled }) => {
      assert.deepEqual(withoutVersion(fold(reduceObservation, shuffled)), withoutVersion(fold(reduceObservation, plain)));
    }),
    { numRuns: 1000 },
  );
});

test('an event seen before changes nothing: the very same state comes back', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 10 }), (events) => {
      const state = fold(reduceObservation, events);
      for (const event of events) assert.equal(reduceObservation(state, event), state);
    }),
  );
});

test('a correction stands against the final value it corrected, also one of the same message time', () => {
  const state = fold(reduceObservation, [
    reported('corrected', 2),
    reported('final', 2),
    reported('final', 1),
    reported('preliminary', 2),
  ]);
  assert.deepEqual([state?.status, state?.value.numeric], ['corrected', 2.3]);
});

test('a withdrawn result does not come back by replay', () => {
  const state = fold(reduceObservation, [reported('final', 1), reported('entered_in_error', 2), reported('final', 1)]);
  assert.equal(state?.status, 'entered_in_error');
});

test('of two different events of equal rank the first in the log stays', () => {
  const other = reported('final', 1, { value: { numeric: 99, comparator: null, text: null, unit: null } });
  assert.equal(fold(reduceObservation, [reported('final', 1), other])?.value.numeric, 1.1);
});

test('the order that an older event names is not forgotten', () => {
  const state: ObservationState | null = fold(reduceObservation, [
    reported('final', 2),
    reported('preliminary', 1, { orderId: 'o' }),
  ]);
  assert.deepEqual([state?.status, state?.orderId], ['final', 'o']);
});

test('an event type this build does not know changes nothing', () => {
  assert.equal(reduceObservation(null, reported('final', 1, { type: 'Unknown' })), null);
});

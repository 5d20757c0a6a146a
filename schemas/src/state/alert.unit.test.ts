import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deliveriesOf, fold, withoutVersion } from '../../test/deliveries.ts';
import type { AlertEvent, AlertEventType } from '../generated/types.ts';
import { reduceAlert } from './alert.ts';

const alert = (type: AlertEventType, level: number, at: number, by: string | null = null): AlertEvent => ({
  type,
  alertId: 'alert',
  patientKey: 'h|a|1',
  kind: 'critical_value',
  subjectKind: 'observation',
  subjectId: 'observation',
  level,
  by,
  at,
});

const anyEvent = fc.oneof(
  fc.constant(alert('AlertRaised', 0, 1)),
  fc.integer({ min: 1, max: 4 }).map((level) => alert('AlertEscalated', level, level * 10)),
  fc.constant(alert('AlertSuperseded', 0, 6)),
  fc
    .tuple(fc.integer({ min: 5, max: 8 }), fc.constantFrom('nurse', 'doctor'))
    .map(([at, by]) => alert('AlertAcknowledged', 0, at, by)),
);

test('any order and repetition of the events gives the same alert, and a repeated one changes nothing', () => {
  fc.assert(
    fc.property(deliveriesOf(fc.array(anyEvent, { maxLength: 10 })), ({ plain, shuffled }) => {
      const state = fold(reduceAlert, shuffled);
      assert.deepEqual(withoutVersion(state), withoutVersion(fold(reduceAlert, plain)));
      for (const event of plain) assert.equal(reduceAlert(state, event), state);
    }),
    { numRuns: 500 },
  );
});

test('an acknowledged alert stays so, whatever is told later; the first to acknowledge is named', () => {
  const state = fold(reduceAlert, [
    alert('AlertRaised', 0, 1),
    alert('AlertAcknowledged', 0, 7, 'nurse'),
    alert('AlertEscalated', 1, 8),
    alert('AlertAcknowledged', 0, 9, 'doctor'),
  ]);
  assert.deepEqual(
    [state?.status, state?.level, state?.acknowledgedBy, state?.raisedAt, state?.acknowledgedAt],
    ['acknowledged', 1, 'nurse', 1, 7],
  );
});

test('an alert whose reason no longer holds says so and still waits for a person', () => {
  const state = fold(reduceAlert, [alert('AlertRaised', 0, 1), alert('AlertSuperseded', 0, 6)]);
  assert.deepEqual([state?.status, state?.superseded], ['open', true]);
});

test('an event type this build does not know changes nothing', () => {
  assert.equal(reduceAlert(null, alert('Unknown', 0, 1)), null);
});

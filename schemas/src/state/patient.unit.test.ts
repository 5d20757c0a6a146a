import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deliveriesOf, fold, withoutVersion } from '../../test/deliveries.ts';
import type { PatientEvent } from '../generated/types.ts';
import { reducePatient } from './patient.ts';

const patient = (sourceVersion: number, change: Partial<PatientEvent> = {}): PatientEvent => ({
  type: 'PatientUpdated',
  patientKey: 'h|a|1',
  sourceVersion,
  demographics: { familyName: `name-${sourceVersion}`, givenName: null, birthDate: null, sex: null },
  mergedInto: null,
  mergedFrom: null,
  messageId: null,
  ...change,
});
const retired = (sourceVersion: number, mergedInto: string): PatientEvent =>
  patient(sourceVersion, { type: 'PatientsMerged', demographics: null, mergedInto });
const survivor = (sourceVersion: number): PatientEvent =>
  patient(sourceVersion, { type: 'PatientsMerged', demographics: null, mergedFrom: 'h|a|2' });

const version = fc.integer({ min: 1, max: 6 });
const anyEvent = fc.oneof(
  version.map((v) => patient(v)),
  version.map((v) => retired(v, `h|a|${v}0`)),
  version.map(survivor),
);

test('any order and repetition of the events gives the same patient', () => {
  fc.assert(
    fc.property(deliveriesOf(fc.array(anyEvent, { maxLength: 10 })), ({ plain, shuffled }) => {
      assert.deepEqual(withoutVersion(fold(reducePatient, shuffled)), withoutVersion(fold(reducePatient, plain)));
    }),
    { numRuns: 1000 },
  );
});

test('an event seen before changes nothing: the very same state comes back', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 10 }), (events) => {
      const state = fold(reducePatient, events);
      for (const event of events) assert.equal(reducePatient(state, event), state);
    }),
  );
});

test('a merge outlives updates of the retired patient, newer and older', () => {
  const state = fold(reducePatient, [patient(1), retired(2, 'h|a|9'), patient(3), patient(1)]);
  assert.deepEqual([state?.mergedInto, state?.demographics?.familyName], ['h|a|9', 'name-3']);
});

test('the survivor of a merge keeps its demographics and is not retired', () => {
  const state = fold(reducePatient, [patient(1), survivor(2)]);
  assert.deepEqual([state?.mergedInto, state?.demographics?.familyName], [null, 'name-1']);
});

test('an event type this build does not know changes nothing', () => {
  assert.equal(reducePatient(null, patient(1, { type: 'Unknown' })), null);
});

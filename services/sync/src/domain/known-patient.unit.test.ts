/** What sync keeps of merges, on either side of one, in whatever order the events come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PatientEvent } from '@clinstream/contracts';
import { type KnownPatient, reduceKnownPatient, wasMergedWhile } from './known-patient.ts';

const event = (change: Partial<PatientEvent> = {}): PatientEvent => ({
  type: 'PatientsMerged',
  patientKey: 'H|A|survivor',
  sourceVersion: 10,
  demographics: null,
  mergedInto: null,
  mergedFrom: 'H|A|retired',
  messageId: null,
  ...change,
});
const registered = event({ type: 'PatientRegistered', mergedFrom: null, sourceVersion: 20 });
const fold = (...events: readonly (readonly [PatientEvent, number])[]): KnownPatient | null =>
  events.reduce<KnownPatient | null>((state, [one, loggedAt]) => reduceKnownPatient(loggedAt)(state, one), null);

test('6.4 a survivor knows of the merge, also when it is older than what is known of the patient', () => {
  const patient = fold([registered, 90], [event(), 100]);
  assert.deepEqual(patient?.merges, [{ other: 'H|A|retired', sourceVersion: 10, at: 100 }]);
  assert.equal(patient?.mergedInto, null);
  assert.equal(patient?.version, 2);
});

test('6.4 a retired record knows of it as well', () => {
  const retired = fold([event({ patientKey: 'H|A|retired', mergedFrom: null, mergedInto: 'H|A|survivor' }), 100]);
  assert.deepEqual(retired?.merges, [{ other: 'H|A|survivor', sourceVersion: 10, at: 100 }]);
});

test('the same merge again changes nothing; the order of two does not matter', () => {
  const second = event({ mergedFrom: 'H|A|third', sourceVersion: 12 });
  const once = fold([event(), 100]);
  assert.equal(once && reduceKnownPatient(300)(once, event()), once);
  assert.deepEqual(fold([event(), 100], [second, 200])?.merges, fold([second, 200], [event(), 100])?.merges);
});

const whiles: readonly (readonly [what: string, requestedAt: number, endedAt: number | null, is: boolean])[] = [
  ['before the request', 101, 200, false],
  ['between request and end', 100, 100, true],
  ['after the end', 50, 99, false],
  ['while it runs', 50, null, true],
];
for (const [what, requestedAt, endedAt, is] of whiles) {
  test(`6.4 a merge ${what} is ${is ? '' : 'not '}in flight`, () => {
    const patient = fold([event(), 100]);
    assert.equal(patient && wasMergedWhile(patient, { requestedAt, endedAt }), is);
  });
}

/** Which order event a ServiceRequest of others means; nothing is guessed (facts 3.3, 6.3). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OrderEvent, type OrderState, reduceOrder } from '@clinstream/contracts';
import fc from 'fast-check';
import { withSourceVersion } from '../../domain/fhir/source-version.ts';
import type { JsonRecord } from '../json.ts';
import { settings } from '../testing/harness.ts';
import { type Decision, decideOrder, decideTaskCancelled, isOwn, type Source, type Told } from './order-from-fhir.ts';
import { patientKeyFrom } from './patient-key.ts';

const server = 'https://fhir.example/r4';
const key = 'H1|A|1';
const laboratory = [{ coding: [{ system: 'http://snomed.info/sct', code: '108252007' }] }];
const request = (more: JsonRecord = {}): JsonRecord => ({
  resourceType: 'ServiceRequest',
  id: 'sr-1',
  status: 'active',
  intent: 'order',
  category: laboratory,
  code: { coding: [{ system: 'http://loinc.org', code: '718-7', display: 'Haemoglobin' }] },
  priority: 'stat',
  authoredOn: '2026-11-22T09:00:00+09:00',
  ...more,
});
const sourceOf = (resource: JsonRecord, version = '1', lastUpdated = 1_000): Source => ({
  server,
  resource,
  id: 'sr-1',
  version,
  lastUpdated,
});
const decide = (more: JsonRecord = {}, told: Told | null = null, version = '1', at = 1_000): Decision =>
  decideOrder(sourceOf(request(more), version, at), key, told, settings);

const typesOf = (decision: Decision): string =>
  decision.kind === 'publish'
    ? decision.events.map(({ value }) => value.type).join()
    : decision.kind === 'park'
      ? decision.code
      : 'ignore';
function toldBy(decision: Decision, confirmed = true): Told {
  assert.ok(decision.kind === 'publish');
  const last = decision.events.at(-1)?.value;
  assert.ok(last);
  return { type: last.type, orderId: last.orderId, patientKey: key, contentDigest: last.contentDigest, confirmed };
}

test('an active order of others is placed, with what it says', () => {
  const decision = decide({ note: [{ text: 'fasting' }] });
  assert.ok(decision.kind === 'publish');
  const { value, envelope } = decision.events[0] ?? assert.fail();
  assert.deepEqual(
    [value.type, value.patientKey, value.kind, value.priority, value.code, value.note, value.sourceVersion, value.requestedBy],
    ['OrderPlaced', key, 'laboratory', 'stat', { code: '718-7', system: 'LN', display: 'Haemoglobin' }, 'fasting', 1_000, 'fhir'],
  );
  assert.equal(value.requestedAt, Date.parse('2026-11-22T00:00:00Z'));
  assert.deepEqual([value.placerAuthority, value.placerNumber], [`${server}/ServiceRequest`, 'sr-1']);
  assert.equal(typesOf(decision), typesOf(decide({ note: [{ text: 'fasting' }] })));
  const again = decide({ note: [{ text: 'fasting' }] });
  assert.ok(again.kind === 'publish' && again.events[0]?.envelope.eventId === envelope.eventId);
});

test('the placer’s own number goes before the server’s id, if there is exactly one', () => {
  const plac = (value: string) => ({ type: { coding: [{ code: 'PLAC' }] }, system: 'urn:his', value });
  const one = decide({ identifier: [plac('7'), { system: 'x', value: '8' }] });
  const two = decide({ identifier: [plac('7'), plac('9')] });
  assert.ok(one.kind === 'publish' && two.kind === 'publish');
  assert.deepEqual([one.events[0]?.value.placerNumber, two.events[0]?.value.placerNumber], ['7', 'sr-1']);
  assert.equal(typesOf(decide({ identifier: [plac('900101-1234567')] })), 'ORDER_NUMBER_UNUSABLE');
});

test('every change has its event, and no change has none', () => {
  const placed = toldBy(decide());
  const cancelled: Told = { ...placed, type: 'OrderCancelRequested' };
  const table: readonly (readonly [JsonRecord, Told | null, string])[] = [
    [{}, placed, 'ignore'],
    [{ priority: 'routine' }, placed, 'OrderAmended'],
    [{ status: 'revoked' }, placed, 'OrderCancelRequested'],
    [{ status: 'entered-in-error' }, placed, 'OrderCancelRequested'],
    [{ status: 'revoked' }, cancelled, 'ignore'],
    [{ status: 'revoked' }, null, 'ignore'],
    [{ status: 'draft' }, null, 'ignore'],
    [{ status: 'completed' }, placed, 'ignore'],
    [{ status: 'on-hold' }, null, 'ignore'],
    [{ status: 'on-hold' }, placed, 'ORDER_ON_HOLD'],
    [{ status: 'active' }, cancelled, 'ORDER_REACTIVATED'],
    [{ status: 'sleeping' }, null, 'ORDER_STATUS_UNKNOWN'],
    [{}, { ...placed, patientKey: 'H1|A|2' }, 'PATIENT_CHANGED'],
    [{ status: 'revoked' }, { ...placed, patientKey: 'H1|A|2' }, 'PATIENT_CHANGED'],
  ];
  for (const [more, told, expected] of table)
    assert.equal(typesOf(decide(more, told, '2', 2_000)), expected, JSON.stringify(more));
});

test('what an order needs and lacks is named, never guessed', () => {
  const table: readonly (readonly [JsonRecord, string])[] = [
    [{ category: [] }, 'ORDER_KIND_UNKNOWN'],
    [{ category: [...laboratory, { coding: [{ system: 'http://snomed.info/sct', code: '363679005' }] }] }, 'ORDER_KIND_UNKNOWN'],
    [{ code: { text: 'blood' } }, 'ORDER_CODE_MISSING'],
    [{ code: { coding: [{ code: '718-7' }] } }, 'ORDER_CODE_MISSING'],
    [{ priority: 'soon' }, 'ORDER_PRIORITY_UNKNOWN'],
  ];
  for (const [more, code] of table) assert.equal(typesOf(decide(more)), code);
  const decision = decide({ priority: undefined });
  assert.ok(decision.kind === 'publish' && decision.events[0]?.value.priority === 'routine');
});

test('a placement nobody knows to have left, whose content changed since, is one order either way', () => {
  const first = decide();
  const next = decide({ priority: 'routine' }, toldBy(first, false), '2', 2_000);
  assert.equal(typesOf(next), 'OrderAmended,OrderPlaced');
  const reduce = (events: readonly OrderEvent[]): OrderState | null =>
    events.reduce<OrderState | null>((state, event) => reduceOrder(state, event), null);
  assert.ok(first.kind === 'publish' && next.kind === 'publish');
  for (const left of [[], first.events]) {
    const state = reduce([...left, ...next.events].map(({ value }) => value));
    assert.deepEqual([state?.status, state?.priority, state?.conflicting], ['active', 'routine', false]);
  }
});

test('our own is known by its source, its source version or its identifiers', () => {
  assert.equal(isOwn(request(), settings), false);
  assert.equal(isOwn(request({ meta: { source: `${settings.systemBase}#req` } }), settings), true);
  assert.equal(isOwn(request({ identifier: [{ system: `${settings.systemBase}/id/placer/OCS`, value: '1' }] }), settings), true);
  assert.equal(isOwn(withSourceVersion(request() as never, 3) as unknown as JsonRecord, settings), true);
});

test('a Task that others cancel asks to cancel the order behind it, ours as well', () => {
  const task = sourceOf({ resourceType: 'Task', id: 't', status: 'cancelled' }, '2', 5_000);
  const ours = sourceOf(request({ identifier: [{ system: `${settings.systemBase}/id/placer/OC%20S`, value: '77' }] }));
  const decision = decideTaskCancelled(task, ours, key, null, settings);
  assert.ok(decision.kind === 'publish');
  const { type, placerAuthority, placerNumber, sourceVersion } = decision.events[0]?.value ?? assert.fail();
  assert.deepEqual([type, placerAuthority, placerNumber, sourceVersion], ['OrderCancelRequested', 'OC S', '77', 5_000]);
  assert.equal(typesOf(decideTaskCancelled(task, sourceOf(request()), key, null, settings)), 'ignore');
  const placed = toldBy(decide());
  assert.equal(typesOf(decideTaskCancelled(task, sourceOf(request()), key, placed, settings)), 'OrderCancelRequested');
});

test('6.3 the patient key comes from one identifier, system and value; none or several is no key, a national id never', () => {
  const of = (...identifiers: JsonRecord[]) =>
    Object.values(patientKeyFrom(identifiers, { ...settings, patientSystems: { 'H2|MRN': 'urn:mrn' } }))[0];
  const own = { system: `${settings.systemBase}/id/patient/H1/A%20B`, value: '0001' };
  assert.equal(of(own), 'H1|A B|0001');
  assert.equal(of({ system: 'urn:mrn', value: '5' }, { system: 'urn:other', value: '6' }), 'H2|MRN|5');
  assert.equal(of(own, { system: 'urn:mrn', value: '5' }), 'PATIENT_AMBIGUOUS');
  assert.equal(of(own, own), 'H1|A B|0001');
  for (const none of [
    { value: '1' },
    { system: 'urn:mrn' },
    { system: 'urn:mrn', value: '9001011234567' },
    { system: 'urn:mrn', value: '5', use: 'old' },
  ])
    assert.equal(of(none), 'PATIENT_NOT_IDENTIFIED', JSON.stringify(none));
});

test('whatever a resource holds, there is a decision', () => {
  fc.assert(
    fc.property(
      fc.object({ maxDepth: 3, key: fc.constantFrom('status', 'code', 'coding', 'category', 'identifier', 'note', 'system') }),
      (body) => {
        const decision = decideOrder(sourceOf({ ...request(), ...body, status: 'active' }), key, null, settings);
        assert.ok(['ignore', 'park', 'publish'].includes(decision.kind));
      },
    ),
  );
});

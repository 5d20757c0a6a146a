import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ids } from './ids.ts';
import { canary, observation, order, renderedObservation, renderedOrder, the, typesOf } from './testing/states.ts';

const specimen = {
  id: 'T-42',
  code: { code: 'BLD', system: 'HL70487', display: 'Whole blood' },
  collectedAt: '2026-11-20T08:45+09:00',
};

test('a specimen stands before its order, which refers to it, as do its results', () => {
  const own = order({ specimen });
  const rendering = renderedOrder(own);
  assert.deepEqual(typesOf(rendering), ['Patient', 'Specimen', 'ServiceRequest']);
  const reference = `Specimen/${ids.specimen(own.orderId)}`;
  assert.deepEqual(the(rendering, 'ServiceRequest').specimen, [{ reference }]);
  assert.equal(the(rendering, 'Specimen').collection?.collectedDateTime, '2026-11-20T08:45:00+09:00');
  const result = renderedObservation(observation({ orderId: own.orderId }), { related: { order: own } });
  assert.deepEqual(the(result, 'Observation').specimen, { reference });
});

test('a specimen the laboratory refused is unsatisfactory, also where nobody had named one; the order stands', () => {
  for (const named of [specimen, null]) {
    const rendering = renderedOrder(order({ specimen: named }, { type: 'OrderSpecimenRejected', specimenRejectReasons: ['RC'] }));
    assert.deepEqual([the(rendering, 'Specimen').status, the(rendering, 'ServiceRequest').status], ['unsatisfactory', 'active']);
    assert.equal(the(rendering, 'Specimen').condition?.[0]?.coding?.[0]?.code, 'RC');
  }
});

test('an order that was added to another is based on it, if it is the same patient’s', () => {
  const parent = order({ orderId: 'parent' });
  const added = order({ orderId: 'added', parentOrderId: 'parent' });
  const basedOn = (other: ReturnType<typeof order> | null) =>
    the(renderedOrder(added, { related: { order: other } }), 'ServiceRequest').basedOn;
  assert.deepEqual(basedOn(parent), [{ reference: `ServiceRequest/${ids.serviceRequest('parent')}` }]);
  for (const other of [null, order({ orderId: 'another' }), order({ orderId: 'parent', patientKey: 'HANEUL|HIS|9' })]) {
    assert.equal(basedOn(other), undefined);
  }
});

test('who ordered is named by number, and never by a resident registration number', () => {
  const requesterOf = (id: string) =>
    the(renderedOrder(order({ orderingProvider: { id, authority: null } })), 'ServiceRequest').requester?.identifier?.value;
  assert.deepEqual(
    [requesterOf('D1001'), requesterOf(canary.residentNumber), requesterOf('7403112345678')],
    ['D1001', undefined, undefined],
  );
});

test('a number that holds a resident registration number is left out, not half shown', () => {
  const numbersOf = (fillerNumber: string) =>
    the(renderedOrder(order({ fillerNumber })), 'ServiceRequest').identifier?.map(({ value }) => value);
  assert.deepEqual(numbersOf('L77001'), ['N2026-0006', 'L77001']);
  assert.deepEqual(numbersOf(`L${canary.residentNumber}`), ['N2026-0006']);
});

test('medication is a MedicationRequest and no ServiceRequest; anything else the reverse', () => {
  for (const kind of ['laboratory', 'imaging', 'ai_analysis', 'unknown'] as const) {
    assert.deepEqual(typesOf(renderedOrder(order({ kind }))), ['Patient', 'ServiceRequest'], kind);
  }
  assert.deepEqual(typesOf(renderedOrder(order({ kind: 'medication' }))), ['Patient', 'MedicationRequest']);
});

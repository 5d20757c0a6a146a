import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobIdOfOrder, type ModelManifest, reduceOrder } from '@clinstream/contracts';
import fc from 'fast-check';
import { type AnalysisBody, analysisDigest, analysisRequestedFrom, checkAnalysis } from './analysis-request.ts';
import { type Canonical, canonicalDigest, canonicalJson } from './canonical-json.ts';
import { createModelCatalog } from './model-catalog.ts';
import { checkOrder, type OrderBody, orderEventsFrom } from './order-request.ts';
import { checkPatient, looksLikeNationalId } from './patient-identity.ts';

const manifest = (name: string, version: string): ModelManifest => ({
  name,
  version,
  title: name,
  kind: 'diagnosis',
  demonstration: true,
  file: 'm.onnx',
  digest: '0'.repeat(64),
  inputs: [{ name: 'radius', codes: [], unit: 'um', minimum: 5, maximum: 30, required: true }],
  outputs: { positive: 'malignant', negative: 'benign', threshold: 0.5 },
  evidence: null,
  orderCodes: [{ system: 'L', code: `AI-${name}` }],
  population: { minimumAgeYears: null, maximumAgeYears: null, sexes: null },
  limits: { softTimeoutMs: 1, hardTimeoutMs: 2, attempts: 3 },
  licence: 'none',
});
const models = createModelCatalog([manifest('tumour', '1.9.0'), manifest('tumour', '1.10.0'), manifest('other', '2.0.0')]);
const patient = { facility: 'H1', authority: 'MRN', id: '0001' };
const body: AnalysisBody = { patient, model: 'tumour', inputs: { radius: 10 }, priority: 'stat' };
const origin = { requestedBy: 'his', requestedAt: 1_700_000_000_000, correlationId: 'c-1', traceparent: null };

const commandOf = (from: AnalysisBody) => {
  const checked = checkAnalysis(from, models);
  assert.ok(checked.ok);
  return checked.value;
};

test('the newest version is by number, not by text; a model is found by its order code', () => {
  assert.equal(models.find('tumour', null)?.manifest.version, '1.10.0');
  assert.equal(models.find('tumour', '1.9.0')?.manifest.version, '1.9.0');
  assert.equal(models.find('tumour', '3.0.0'), null);
  assert.equal(models.forOrderCode('L', 'AI-tumour')?.manifest.version, '1.10.0');
  assert.deepEqual(models.known, { other: ['2.0.0'], tumour: ['1.10.0', '1.9.0'] });
});

test('the same command, id and origin give equal events; patient is the key and stat the lane', () => {
  const event = analysisRequestedFrom(commandOf(body), 'job-1', origin);
  assert.deepEqual(event, analysisRequestedFrom(commandOf({ ...body, evidence: false }), 'job-1', { ...origin }));
  assert.equal(event.topic, 'analysis.requests.stat.v1');
  assert.equal(event.key, 'H1|MRN|0001');
  assert.deepEqual(event.value.features, [10]);
});

test('a job without a patient is keyed by itself', () => {
  assert.equal(analysisRequestedFrom(commandOf({ ...body, patient: null }), 'job-1', origin).key, 'job-1');
});

for (const [what, change, faults] of [
  ['unknown model', { model: 'nope' }, ['/model UNKNOWN_MODEL']],
  ['unknown version', { modelVersion: '9.9.9' }, ['/modelVersion UNKNOWN_MODEL_VERSION']],
  ['evidence nobody offers', { evidence: true }, ['/evidence EVIDENCE_NOT_OFFERED']],
  ['national id', { patient: { ...patient, id: '900101-1234567' } }, ['/patient/id NATIONAL_ID_REFUSED']],
  [
    'several at once',
    { patient: { ...patient, facility: ' H' }, inputs: {} },
    ['/patient/facility INVALID_IDENTIFIER', '/inputs/radius MISSING'],
  ],
] as const) {
  test(`refused: ${what}`, () => {
    const checked = checkAnalysis({ ...body, ...change }, models);
    assert.deepEqual(checked.ok ? [] : checked.faults.map((fault) => `${fault.pointer} ${fault.code}`), faults);
  });
}

test('what looks like a resident registration number, and what does not', () => {
  for (const text of [
    '900101-1234567',
    '900101–1234567',
    '９００１０１-１２３４５６７',
    '9001011234567',
    '900101 1234567',
    'id 900101-1234567',
  ]) {
    assert.ok(looksLikeNationalId(text), text);
  }
  for (const text of ['0001', '12345678', '9999991234567', '900101-12345678', '2026-11-22', ''])
    assert.ok(!looksLikeNationalId(text), text);
});

test('one patient, however the name of the id was composed', () => {
  const nfd = checkPatient({ ...patient, id: '환자1'.normalize('NFD') });
  assert.deepEqual(nfd, checkPatient({ ...patient, id: '환자1'.normalize('NFC') }));
});

test('a digest does not know member order, defaults spelled out, or composition', () => {
  const spelled = {
    priority: 'stat',
    inputs: { radius: 10 },
    model: 'tumour',
    modelVersion: null,
    orderId: null,
    patient,
  } as const;
  assert.equal(analysisDigest(body), analysisDigest(spelled));
  assert.notEqual(analysisDigest(body), analysisDigest({ ...body, inputs: { radius: 11 } }));
});

test('canonical JSON reads back as the same value, and shuffled members are the same text', () => {
  fc.assert(
    fc.property(fc.jsonValue({ depthSize: 'small' }), (value) => {
      const text = canonicalJson(value as Canonical);
      assert.equal(canonicalJson(JSON.parse(text) as Canonical), text);
      if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        assert.equal(canonicalDigest(reversed as Canonical), canonicalDigest(value as Canonical));
      }
    }),
  );
});

const place: OrderBody = {
  action: 'place',
  placerNumber: 'P-1',
  placerAuthority: 'HIS',
  patient,
  kind: 'ai_analysis',
  priority: 'urgent',
  code: { code: 'AI-tumour', system: 'L' },
  analysis: { model: 'tumour', inputs: { radius: 10 } },
};
const eventsOf = (from: OrderBody, at = origin.requestedAt) => {
  const checked = checkOrder(from, models);
  assert.ok(checked.ok);
  return orderEventsFrom(checked.value, { ...origin, requestedAt: at });
};

test('an order with an analysis makes two events that know each other', () => {
  const { order, analysis } = eventsOf(place);
  assert.equal(order.value.type, 'OrderPlaced');
  assert.equal(analysis?.value.orderId, order.value.orderId);
  assert.equal(order.value.analysisJobId, analysis?.value.jobId);
  assert.equal(analysis?.value.jobId, jobIdOfOrder(order.value.orderId, 'tumour', order.value.contentDigest));
  assert.equal(analysis?.topic, 'analysis.requests.urgent.v1');
});

test('a placer number used for other content or another patient asks for another job; equal content for the same', () => {
  const jobOf = (body: OrderBody, at?: number) => eventsOf(body, at).analysis?.value.jobId;
  const others: readonly OrderBody[] = [
    { ...place, patient: { ...place.patient, id: '999' } },
    { ...place, analysis: { model: 'tumour', inputs: { radius: 11 } } },
  ];
  assert.equal(new Set([place, ...others].map((body) => jobOf(body))).size, 3);
  assert.equal(jobOf({ ...place, code: { ...place.code, display: 'A label' } }, origin.requestedAt + 5), jobOf(place));
});

test('a bad model input of an HTTP order is told with its place in the order', () => {
  const checked = checkOrder({ ...place, analysis: { model: 'tumour', inputs: {} } }, models);
  assert.deepEqual(checked.ok ? [] : checked.faults.map((fault) => fault.pointer), ['/analysis/inputs/radius']);
});

test('amendment and cancellation of an order not yet seen end as one cancelled-on-request order, in any order of arrival', () => {
  const { patient: who, placerNumber, placerAuthority } = place;
  const amend: OrderBody = {
    action: 'amend',
    placerNumber,
    placerAuthority,
    patient: who,
    kind: 'laboratory',
    code: { code: 'X', system: 'L' },
  };
  const cancel: OrderBody = { action: 'cancel', placerNumber, placerAuthority, patient: who };
  const events = [eventsOf(place, 1), eventsOf(amend, 2), eventsOf(cancel, 3)].map(({ order }) => order.value);
  const state = [...events]
    .reverse()
    .reduce((so, event) => reduceOrder(so, event) ?? so, reduceOrder(null, events[2] ?? (events[0] as never)));
  assert.equal(state?.status, 'cancel_requested');
  assert.equal(state?.code.code, 'X');
});

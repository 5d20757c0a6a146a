/** Each rule of the exchange rules (clinical facts 6) that a rendering touches, by its number. Long because it is one table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AnalysisEvent,
  type ObservationState,
  type ObservationStatus,
  type OrderEvent,
  observationIdUnder,
} from '@clinstream/contracts';
import { demonstrationWords, deviceFor } from './device.ts';
import { ids, referenceTo } from './ids.ts';
import { canonicalDigest, versionOfSource } from './source-version.ts';
import { systems } from './systems.ts';
import {
  allOf,
  analysis,
  approved,
  at,
  type ContextChange,
  canary,
  demonstrationModel,
  diagnosisModel,
  ended,
  keysOf,
  observation,
  order,
  patient,
  patientKey,
  renderedAnalysis,
  renderedObservation,
  renderedOrder,
  requested,
  reviewed,
  riskModel,
  settings,
  the,
  typesOf,
} from './testing/states.ts';
import type { AnyResource, FhirResource, Rendering } from './types.ts';

const results = ['Observation', 'DiagnosticReport', 'RiskAssessment', 'Provenance'];
const resultsIn = (rendering: Rendering): readonly string[] => typesOf(rendering).filter((type) => results.includes(type));
const securityOf = (resource: AnyResource): readonly string[] => (resource.meta?.security ?? []).map(({ code }) => code ?? '');
/** Delivered once as approved: what stands there now. */
const standing = (change: ContextChange = {}): ContextChange => ({
  ...change,
  delivered: keysOf(renderedAnalysis(approved(), change)),
});
const statusesOf = (rendering: Rendering): Readonly<Record<string, string>> =>
  Object.fromEntries(
    rendering.resources.flatMap((one) =>
      'status' in one && results.includes(one.resourceType) ? [[referenceTo(one), one.status ?? '']] : [],
    ),
  );
const gone = { label: 'malignant', probability: 0.87, margin: null };
const secondRun = {
  generation: 2,
  prediction: { label: 'benign', probability: 0.03, margin: -3 },
  startedAt: at(31),
  endedAt: at(32),
};

test('6.2 every resource says of which source version it is, and grows with it', () => {
  const of = (state: ReturnType<typeof order>) => versionOfSource(the(renderedOrder(state), 'ServiceRequest'));
  assert.equal(of(order()), at(1));
  assert.equal(of(order({}, { type: 'OrderAmended', sourceVersion: at(3) })), at(3));
  assert.equal(of(order({}, { type: 'OrderCancelRequested', sourceVersion: at(4) })), at(4));
  for (const { resources } of [renderedOrder(order()), renderedObservation(observation()), renderedAnalysis(approved())]) {
    for (const one of resources) assert.notEqual(versionOfSource(one), null, one.resourceType);
  }
});

test('6.2 the same result told again with a newer time is the same content', () => {
  const [first, again] = [at(5), at(9)].map((sourceVersion) =>
    the(renderedObservation(observation({ sourceVersion })), 'Observation'),
  );
  assert.notEqual(versionOfSource(first), versionOfSource(again));
  assert.equal(canonicalDigest(first), canonicalDigest(again));
  const other = the(
    renderedObservation(observation({ value: { numeric: 129, comparator: null, text: null, unit: 'mg/dL' } })),
    'Observation',
  );
  assert.notEqual(canonicalDigest(first), canonicalDigest(other));
});

test('6.3 a resident registration number becomes no identifier: of such a patient nothing is written', () => {
  for (const id of [canary.residentNumber, '7403112345678', '740311－2345678']) {
    const rendering = renderedOrder(order({ patientKey: `HANEUL|HIS|${id}` }));
    assert.deepEqual([rendering.resources, rendering.held], [[], 'PATIENT_IDENTIFIER_REFUSED']);
  }
});

test('6.3 a resident registration number in a note or a text result is taken out', () => {
  const note = `call ${canary.residentNumber}, twice`;
  assert.equal(the(renderedOrder(order({ note })), 'ServiceRequest').note?.[0]?.text, 'call [removed], twice');
  const value = { numeric: null, comparator: null, text: `seen ７４０３１１-２３４５６７８`, unit: null };
  assert.equal(the(renderedObservation(observation({ value })), 'Observation').valueString, 'seen [removed]');
  assert.equal(the(renderedOrder(order({ note: 'lot 20261120-1' })), 'ServiceRequest').note?.[0]?.text, 'lot 20261120-1');
});

test('6.4 a merged Patient of ours points to the survivor; the Patient of the hospital is never written', () => {
  const merged = patient({ type: 'PatientsMerged', mergedInto: 'HANEUL|HIS|00012002' });
  const ours = the(renderedOrder(order(), { related: { patient: merged } }), 'Patient');
  assert.deepEqual(
    [ours.active, ours.link?.[0]?.type, ours.link?.[0]?.other.identifier?.value],
    [false, 'replaced-by', '00012002'],
  );
  const foreign = renderedOrder(order(), { related: { patient: merged }, patientReference: 'Patient/hospital-7' });
  assert.deepEqual(allOf(foreign, 'Patient'), []);
  assert.equal(the(foreign, 'ServiceRequest').subject.reference, 'Patient/hospital-7');
});

test('6.4 an unreviewed result of a merged patient is held, although unreviewed ones may leave', () => {
  const merged = patient({ type: 'PatientsMerged', mergedInto: 'HANEUL|HIS|00012002' });
  const change = { settings: { releaseUnreviewed: true }, related: { patient: merged } };
  const held = renderedAnalysis(analysis(requested(), ended()), change);
  assert.deepEqual([held.held, resultsIn(held)], ['PATIENT_MERGED', []]);
  assert.equal(renderedAnalysis(approved(), change).held, null);
});

const survivorCases: readonly (readonly [when: string, mergedAt: number, held: string | null])[] = [
  ['before the request', at(9), null],
  ['in flight', at(11), 'PATIENT_MERGED'],
  ['after the end', at(13), null],
];
for (const [when, mergedAt, held] of survivorCases) {
  test(`6.4 an unreviewed result of a survivor is ${held ? 'held' : 'not held'} when the merge came ${when}`, () => {
    const merge = { type: 'PatientsMerged', mergedFrom: 'HANEUL|HIS|00012002' } as const;
    const change = { settings: { releaseUnreviewed: true }, related: { patient: patient(merge, mergedAt) } };
    const rendering = renderedAnalysis(analysis(requested(), ended()), change);
    assert.deepEqual([rendering.held, resultsIn(rendering).length > 0], [held, held === null]);
    assert.equal(renderedAnalysis(approved(), change).held, null);
  });
}

test('6.4 an unreviewed result that left before its merge in flight was read is taken back; a merge after the end takes nothing back', () => {
  const settings = { releaseUnreviewed: true };
  const merge = { type: 'PatientsMerged', mergedInto: 'HANEUL|HIS|00012002' } as const;
  const job = analysis(requested(), ended());
  const delivered = keysOf(renderedAnalysis(job, { settings }));
  const inFlight = { settings, delivered, related: { patient: patient(merge, at(11)) } };
  const rendering = renderedAnalysis(job, inFlight);
  assert.deepEqual([rendering.held, the(rendering, 'DiagnosticReport').status], ['PATIENT_MERGED', 'entered-in-error']);
  assert.equal(the(renderedAnalysis(approved(), inFlight), 'DiagnosticReport').status, 'final');
  const later = renderedAnalysis(job, { ...inFlight, related: { patient: patient(merge, at(13)) } });
  assert.deepEqual([later.held, resultsIn(later)], ['PATIENT_MERGED', []]);
});

const resultStatuses: readonly (readonly [letters: string, ours: ObservationStatus, theirs: string])[] = [
  ['F', 'final', 'final'],
  ['P R S', 'preliminary', 'preliminary'],
  ['C', 'corrected', 'corrected'],
  ['A', 'amended', 'amended'],
  ['X', 'cancelled', 'cancelled'],
  ['D W', 'entered_in_error', 'entered-in-error'],
  ['I', 'registered', 'registered'],
  ['(a later build’s)', 'unknown', 'unknown'],
];
for (const [letters, ours, theirs] of resultStatuses) {
  test(`6.5 OBX-11 ${letters} is ${theirs}`, () => {
    assert.equal(the(renderedObservation(observation({ status: ours })), 'Observation').status, theirs);
  });
}

test('6.5 a correction of an input makes a released result stale, in words; it stays released', () => {
  const corrected = observation({ status: 'corrected', sourceVersion: at(40) });
  const rendering = renderedAnalysis(approved(), { related: { observations: [corrected] } });
  const report = the(rendering, 'DiagnosticReport');
  assert.equal(report.status, 'final');
  assert.match(report.conclusion ?? '', /corrected after this analysis/);
  assert.match(report.text?.div ?? '', /corrected after this analysis/);
});

test('6.5 a released result on a corrected input is a DetectedIssue, with the correction as evidence; once it is not any more, mitigated', () => {
  const corrected = { related: { observations: [observation({ status: 'corrected', sourceVersion: at(40) })] } };
  const stale = renderedAnalysis(approved(), corrected);
  const issue = the(stale, 'DetectedIssue');
  assert.deepEqual(issue.implicated, [{ reference: referenceTo(the(stale, 'DiagnosticReport')) }]);
  assert.deepEqual(issue.evidence, [{ detail: [{ reference: `Observation/${ids.observation('observation-1')}` }] }]);
  assert.deepEqual([issue.status, issue.severity, issue.mitigation], ['final', undefined, undefined]);
  const later = { ...corrected, delivered: keysOf(stale) };
  const again = { generation: 2, requestedAt: at(41) };
  const end = ended({ generation: 2, startedAt: at(42), endedAt: at(43) });
  const first = [requested(), ended(), reviewed(ended()), requested(again)];
  assert.deepEqual(
    allOf(renderedAnalysis(analysis(...first), later), 'DetectedIssue').map(({ mitigation }) => mitigation),
    [undefined],
  );
  const repeated = renderedAnalysis(analysis(...first, end, reviewed(end, { at: at(44) })), later);
  const settled = the(repeated, 'DetectedIssue');
  assert.equal(settled.id, issue.id);
  assert.match(settled.mitigation?.[0]?.action.text ?? '', /stands now rests on no input/);
  assert.deepEqual(allOf(renderedAnalysis(approved(), { delivered: keysOf(renderedAnalysis(approved())) }), 'DetectedIssue'), []);
});

test('6.5 the DetectedIssue of a stale result is mitigated when the result is withdrawn', () => {
  const corrected = { related: { observations: [observation({ status: 'corrected', sourceVersion: at(40) })] } };
  const gone = { related: { observations: [observation({ status: 'entered_in_error', sourceVersion: at(50) })] } };
  const rendering = renderedAnalysis(approved(), { ...gone, delivered: keysOf(renderedAnalysis(approved(), corrected)) });
  assert.equal(the(rendering, 'DetectedIssue').mitigation?.[0]?.action.text, 'The result was withdrawn.');
  assert.equal(rendering.held, null);
});

test('6.5 an input that was corrected before the job was asked for makes nothing stale', () => {
  const corrected = observation({ status: 'corrected', sourceVersion: at(9) });
  const report = the(renderedAnalysis(approved(), { related: { observations: [corrected] } }), 'DiagnosticReport');
  assert.doesNotMatch(report.conclusion ?? '', /corrected/);
});

test('6.5 a withdrawn input withdraws what was released of it', () => {
  const related = { observations: [observation({ status: 'entered_in_error', sourceVersion: at(40) })] };
  const rendering = renderedAnalysis(approved(), { ...standing(), related });
  assert.equal(rendering.held, null);
  assert.deepEqual([...new Set(Object.values(statusesOf(rendering)))], ['entered-in-error']);
  assert.equal(Object.keys(statusesOf(rendering)).length, 3);
  assert.doesNotMatch(JSON.stringify(rendering), /malignant|"87|0\.87/);
});

test('6.5 a correction or withdrawal that came under the laboratory’s number counts through the order', () => {
  const own = order();
  const under = (change: Partial<ObservationState>) => {
    const named = observation({ observationId: 'by-filler', orderId: own.orderId, sourceVersion: at(40), ...change });
    return { observations: [named], order: own };
  };
  const inputs = [observationIdUnder(own, observation({}))];
  const state = (related: NonNullable<ContextChange['related']>) =>
    renderedAnalysis(
      {
        ...approved(),
        inputObservations: inputs,
        reviews: approved().reviews.map((one) => ({ ...one, inputObservations: inputs })),
      },
      { ...standing(), related },
    );
  const withdrawn = state(under({ status: 'entered_in_error' }));
  assert.deepEqual([...new Set(Object.values(statusesOf(withdrawn)))], ['entered-in-error']);
  assert.match(JSON.stringify(state(under({ status: 'corrected' }))), /An input was corrected/);
  for (const other of [
    under({ status: 'entered_in_error', subId: 'b' }),
    { ...under({ status: 'entered_in_error' }), order: order({ patientKey: 'HANEUL|HIS|9' }) },
  ])
    assert.ok(!Object.values(statusesOf(state(other))).includes('entered-in-error'));
});

test('6.5 an input of the approved result counts while the job is run again with others', () => {
  const again = requested({ generation: 2, inputObservations: ['observation-2'], requestedAt: at(30) });
  const related = { observations: [observation({ status: 'entered_in_error', sourceVersion: at(40) })] };
  const rendering = renderedAnalysis(analysis(requested(), ended(), reviewed(ended()), again), { ...standing(), related });
  assert.deepEqual([...new Set(Object.values(statusesOf(rendering)))], ['entered-in-error']);
  assert.equal(the(rendering, 'Task').status, 'requested');
});

test('6.5 a withdrawn input keeps back what was never released', () => {
  const related = { observations: [observation({ status: 'entered_in_error', sourceVersion: at(15) })] };
  const rendering = renderedAnalysis(approved(), { related });
  assert.deepEqual([rendering.held, resultsIn(rendering)], ['INPUT_WITHDRAWN', []]);
});

test('6.5 a result of a cancelled or unknown order is kept and says so', () => {
  const result = observation({ orderId: 'order-1' });
  const notesOf = (related: NonNullable<ContextChange['related']>) =>
    the(renderedObservation(result, { related }), 'Observation').note?.[0]?.text;
  const cancelled = order({}, { type: 'OrderCancelled' });
  assert.match(notesOf({ order: cancelled }) ?? '', /cancelled/);
  assert.match(notesOf({ order: null }) ?? '', /not known/);
  assert.equal(notesOf({ order: order() }), undefined);
});

test('6.5 6.3 a result that names another patient’s order is not tied to it', () => {
  const result = renderedObservation(observation({ orderId: 'order-1' }), {
    related: { order: order({ patientKey: 'HANEUL|HIS|9' }) },
  });
  assert.equal(the(result, 'Observation').basedOn, undefined);
  assert.match(the(result, 'Observation').note?.[0]?.text ?? '', /another patient/);
});

type Later = readonly Partial<OrderEvent>[];
const orderStatuses: readonly (readonly [what: string, later: Later, request: string, medication: string])[] = [
  ['placed', [], 'active', 'active'],
  ['amended (XO, XR)', [{ type: 'OrderAmended' }], 'active', 'active'],
  ['cancel requested (CA)', [{ type: 'OrderCancelRequested' }], 'active', 'active'],
  [
    'cancel refused (UC)',
    [{ type: 'OrderCancelRequested' }, { type: 'OrderCancelRefused', sourceVersion: at(2) }],
    'active',
    'active',
  ],
  ['cancelled (CR, DR, OC, OD)', [{ type: 'OrderCancelRequested' }, { type: 'OrderCancelled' }], 'revoked', 'cancelled'],
  ['completed', [{ type: 'OrderCompleted' }], 'completed', 'completed'],
];
for (const [what, later, request, medication] of orderStatuses) {
  test(`6.6 an order ${what} is ${request}, a medication ${medication}`, () => {
    assert.equal(the(renderedOrder(order({}, ...later)), 'ServiceRequest').status, request);
    assert.equal(the(renderedOrder(order({ kind: 'medication' }, ...later)), 'MedicationRequest').status, medication);
  });
}

test('6.6 an amendment whose order was never seen is unknown; a bare cancellation is held', () => {
  assert.equal(the(renderedOrder(order({ type: 'OrderAmended' })), 'ServiceRequest').status, 'unknown');
  const bare = renderedOrder(order({ type: 'OrderCancelled', code: { code: '', system: '', display: null } }));
  assert.deepEqual([bare.resources, bare.held], [[], 'ORDER_CONTENT_UNKNOWN']);
});

test('6.6 final results are not revoked with their order', () => {
  const cancelled = order({}, { type: 'OrderCancelled' });
  const result = renderedObservation(observation({ orderId: 'order-1' }), { related: { order: cancelled } });
  assert.equal(the(result, 'Observation').status, 'final');
});

test('6.7 a number used for another order shows as an issue of the one that stands', () => {
  const conflicting = order(
    {},
    { type: 'OrderPlaced', contentDigest: 'other', code: { code: 'K', system: 'L', display: 'Potassium' } },
  );
  const rendering = renderedOrder(conflicting);
  assert.equal(the(rendering, 'ServiceRequest').code?.text, 'Glucose');
  assert.deepEqual(the(rendering, 'DetectedIssue').implicated, [{ reference: referenceTo(the(rendering, 'ServiceRequest')) }]);
  assert.deepEqual(allOf(renderedOrder(order()), 'DetectedIssue'), []);
});

for (const priority of ['routine', 'urgent', 'asap', 'stat'] as const) {
  test(`6.9 ${priority} stays ${priority}, in orders, medication and jobs`, () => {
    assert.equal(the(renderedOrder(order({ priority })), 'ServiceRequest').priority, priority);
    assert.equal(the(renderedOrder(order({ priority, kind: 'medication' })), 'MedicationRequest').priority, priority);
    assert.equal(the(renderedAnalysis(analysis(requested({ priority }))), 'Task').priority, priority);
  });
}
test('6.9 a priority nobody has named is not made up', () => {
  assert.equal('priority' in the(renderedOrder(order({ priority: 'unknown' })), 'ServiceRequest'), false);
});

test('6.10 an unreviewed result is not written', () => {
  const rendering = renderedAnalysis(analysis(requested(), ended()));
  assert.deepEqual([rendering.held, typesOf(rendering)], ['REVIEW_PENDING', ['Patient', 'Task']]);
  assert.doesNotMatch(JSON.stringify(rendering), /malignant|0\.87|"value":87/);
});

test('6.10 where unreviewed results may leave they are preliminary, say so, and have no verifier', () => {
  const rendering = renderedAnalysis(analysis(requested(), ended()), { settings: { releaseUnreviewed: true } });
  assert.deepEqual([...new Set(Object.values(statusesOf(rendering)))], ['preliminary']);
  assert.match(the(rendering, 'DiagnosticReport').text?.div ?? '', /Not reviewed/);
  assert.equal(the(rendering, 'Provenance').agent.length, 1);
});

test('6.10 approved: final, and AIAST stays', () => {
  const rendering = renderedAnalysis(approved());
  assert.equal(rendering.held, null);
  assert.deepEqual([...new Set(Object.values(statusesOf(rendering)))], ['final']);
  assert.deepEqual(securityOf(the(rendering, 'DiagnosticReport')), ['AIAST']);
});

test('6.10 rejected before release: nothing is written', () => {
  const rendering = renderedAnalysis(analysis(requested(), ended(), reviewed(ended(), { type: 'AnalysisRejected' })));
  assert.deepEqual([rendering.held, resultsIn(rendering)], ['REVIEW_REJECTED', []]);
});

test('6.10 rejected after release: entered in error, without the result', () => {
  const state = analysis(requested(), ended(), reviewed(ended()), reviewed(ended(), { type: 'AnalysisRejected', at: at(30) }));
  const rendering = renderedAnalysis(state, standing());
  assert.equal(rendering.held, null);
  assert.deepEqual([...new Set(Object.values(statusesOf(rendering)))], ['entered-in-error']);
  assert.doesNotMatch(JSON.stringify(rendering), /malignant|0\.87|"value":87/);
  assert.deepEqual(securityOf(the(rendering, 'DiagnosticReport')), ['AIAST']);
});

test('6.10 a risk that was released is entered in error as well', () => {
  const of = { model: riskModel.name, prediction: { label: 'sepsis', probability: 0.87, margin: null } };
  const first = approved(of);
  const rejected = analysis(
    requested({ model: riskModel.name }),
    ended(of),
    reviewed(ended(of)),
    reviewed(ended(of), { type: 'AnalysisRejected', at: at(30) }),
  );
  const rendering = renderedAnalysis(rejected, { delivered: keysOf(renderedAnalysis(first)) });
  assert.equal(the(rendering, 'RiskAssessment').status, 'entered-in-error');
  assert.equal(the(rendering, 'RiskAssessment').prediction, undefined);
});

const rerun = [requested(), ended(), reviewed(ended()), requested({ generation: 2, requestedAt: at(30) })] as const;
const reruns: readonly (readonly [what: string, events: readonly AnalysisEvent[]])[] = [
  ['asked for', [...rerun]],
  ['done and not reviewed', [...rerun, ended(secondRun)]],
  ['done and rejected', [...rerun, ended(secondRun), reviewed(ended(secondRun), { type: 'AnalysisRejected', at: at(40) })]],
  [
    'failed',
    [
      ...rerun,
      ended({
        ...secondRun,
        type: 'AnalysisFailed',
        prediction: null,
        evidence: null,
        failure: { code: 'MODEL_TIMEOUT', input: null },
      }),
    ],
  ],
];
for (const [what, events] of reruns) {
  test(`6.10 an approved result is not touched by reprocessing that is ${what}`, () => {
    const before = renderedAnalysis(approved());
    const after = renderedAnalysis(analysis(...events), standing());
    const only = ({ resources }: Rendering): readonly FhirResource[] =>
      resources.filter(({ resourceType }) => results.includes(resourceType));
    assert.equal(canonicalDigest(only(after)), canonicalDigest(only(before)));
    assert.equal(after.held, null);
  });
}

test('6.10 amended only when the successor of an approved result is approved', () => {
  const rendering = renderedAnalysis(
    analysis(...rerun, ended(secondRun), reviewed(ended(secondRun), { at: at(40) })),
    standing(),
  );
  const report = the(rendering, 'DiagnosticReport');
  assert.equal(report.status, 'amended');
  assert.match(report.conclusion ?? '', /benign/);
  assert.equal(report.id, ids.report('job-1'));
  assert.notEqual(the(rendering, 'Provenance').id, ids.provenance('job-1', 1, 1));
});

test('6.10 evidence of a former result does not stay beside a successor that has none', () => {
  const without = { ...secondRun, evidence: null };
  const rendering = renderedAnalysis(analysis(...rerun, ended(without), reviewed(ended(without), { at: at(40) })), standing());
  const statuses = statusesOf(rendering);
  assert.equal(statuses[`Observation/${ids.evidence('job-1')}`], 'entered-in-error');
  assert.equal(statuses[`Observation/${ids.prediction('job-1')}`], 'amended');
});

test('6.10 an unreviewed result that was released stays while the job is run again, and falls with a failure', () => {
  const change = { settings: { releaseUnreviewed: true } };
  const delivered = keysOf(renderedAnalysis(analysis(requested(), ended()), change));
  const again = requested({ generation: 2, requestedAt: at(30) });
  const running = renderedAnalysis(analysis(requested(), ended(), again), { ...change, delivered });
  assert.deepEqual([running.held, resultsIn(running)], ['ANALYSIS_NOT_ENDED', []]);
  const failed = ended({ ...secondRun, type: 'AnalysisFailed', prediction: null, evidence: null });
  const after = renderedAnalysis(analysis(requested(), ended(), again, failed), { ...change, delivered });
  assert.deepEqual([...new Set(Object.values(statusesOf(after)))], ['entered-in-error']);
});

test('6.11 a diagnosis is an Observation in a DiagnosticReport, a risk a RiskAssessment', () => {
  assert.deepEqual(resultsIn(renderedAnalysis(approved())), ['Observation', 'Observation', 'DiagnosticReport', 'Provenance']);
  const risk = approved({ model: riskModel.name, prediction: { label: 'sepsis', probability: 0.87, margin: null } });
  assert.deepEqual(resultsIn(renderedAnalysis(risk)), ['Observation', 'RiskAssessment', 'Provenance']);
});

test('6.11 the same probability is 87 in probabilityDecimal and 0.87 as AI confidence', () => {
  const state = approved({ model: riskModel.name, prediction: { label: 'sepsis', probability: 0.87, margin: null } });
  const [prediction] = the(renderedAnalysis(state), 'RiskAssessment').prediction ?? [];
  assert.equal(prediction?.probabilityDecimal, 87);
  assert.deepEqual(prediction?.extension, [{ url: systems.aiConfidence, valueDecimal: 0.87 }]);
});

const scales: readonly (readonly [label: string, share: number, percent: number, confidence: number])[] = [
  ['malignant', 0.87, 87, 0.87],
  ['malignant', 0.573, 57.3, 0.573],
  ['malignant', 1, 100, 1],
  ['benign', 0.03, 3, 0.97],
  ['benign', 0.07, 7, 0.93],
  ['benign', 0, 0, 1],
];
for (const [label, probability, percent, confidence] of scales) {
  test(`6.11 ${label} with ${probability}: ${percent} % of malignant, ${confidence} sure of what it says`, () => {
    const rendering = renderedAnalysis(approved({ prediction: { label, probability, margin: null } }));
    const said = allOf(rendering, 'Observation').find(({ id }) => id === ids.prediction('job-1'));
    assert.equal(said?.component?.[0]?.valueQuantity?.value, percent);
    assert.equal(said?.extension?.find(({ url }) => url === systems.aiConfidence)?.valueDecimal, confidence);
  });
}

test('6.11 Provenance: reason AIAST, the model as author, the approving person as verifier', () => {
  const provenance = the(renderedAnalysis(approved()), 'Provenance');
  assert.equal(provenance.reason?.[0]?.coding?.[0]?.code, 'AIAST');
  const agents = provenance.agent.map(({ type, who }) => [type?.coding?.[0]?.code, who.reference ?? who.identifier?.value]);
  const device = deviceFor(diagnosisModel, settings);
  assert.deepEqual(agents, [
    ['author', `Device/${device.id}`],
    ['verifier', 'dr-7'],
  ]);
  assert.equal(provenance.recorded, new Date(at(20)).toISOString());
});

test('6.11 AIAST on results, not on Device, Patient or Task', () => {
  const rendering = renderedAnalysis(approved());
  for (const one of rendering.resources) {
    const isResult = ['Observation', 'DiagnosticReport'].includes(one.resourceType);
    assert.deepEqual(securityOf(one), isResult ? ['AIAST'] : [], one.resourceType);
  }
  assert.deepEqual(securityOf(deviceFor(demonstrationModel, settings)), []);
});

test('6.11 what a demonstration model says is tagged HTEST and says so where people read', () => {
  const rendering = renderedAnalysis(approved({ model: demonstrationModel.name }));
  for (const one of allOf(rendering, 'Observation')) assert.deepEqual(securityOf(one), ['AIAST', 'HTEST']);
  const report = the(rendering, 'DiagnosticReport');
  assert.deepEqual(securityOf(report), ['AIAST', 'HTEST']);
  for (const words of [report.conclusion, report.text?.div]) assert.ok(words?.includes(demonstrationWords));
  assert.equal(deviceFor(demonstrationModel, settings).note?.[0]?.text, demonstrationWords);
});

test('6.11 evidence has one component per input, in the model’s order, beside the base value', () => {
  const evidence = allOf(renderedAnalysis(approved()), 'Observation').find(({ id }) => id === ids.evidence('job-1'));
  const told = evidence?.component?.map(({ code, valueQuantity }) => [code.text, valueQuantity?.value]);
  assert.deepEqual(told, [
    ['Base value', -0.5],
    ['radius', 1.25],
    ['texture', -0.25],
  ]);
});

test('6.11 evidence of another set of inputs keeps positions for names', () => {
  const rendering = renderedAnalysis(
    approved({ evidence: { method: 'tree-shap', inputSet: 'other', baseValue: 0, values: [1, 2] } }),
  );
  const evidence = allOf(rendering, 'Observation').find(({ id }) => id === ids.evidence('job-1'));
  assert.deepEqual(
    evidence?.component?.slice(1).map(({ code }) => code.text),
    ['input 1', 'input 2'],
  );
});

test('6.12 the Device is in no rendering, and another file is another Device', () => {
  const all = [renderedOrder(order()), renderedObservation(observation()), renderedAnalysis(approved())];
  for (const rendering of all) assert.ok(!typesOf(rendering).includes('Device'));
  assert.notEqual(deviceFor(diagnosisModel, settings).id, deviceFor({ ...diagnosisModel, digest: 'b' }, settings).id);
});

test('6.12 a file whose Device was not written is named by identifier: the reference would lead nowhere', () => {
  const rendering = renderedAnalysis(approved({ modelDigest: 'other bytes' }));
  const [author] = the(rendering, 'Provenance').agent;
  assert.deepEqual([author?.who.reference, author?.who.identifier?.value], [undefined, 'breast-cancer@1.0.0@other bytes']);
});

test('6.12 a model this service does not know releases nothing', () => {
  const rendering = renderedAnalysis(approved({ modelVersion: '9.9.9' }));
  assert.deepEqual([rendering.held, resultsIn(rendering)], ['MODEL_UNKNOWN', []]);
});

test('6.12 our Patient is the identifier and nothing else', () => {
  const ours = the(renderedOrder(order(), { related: { patient: patient() } }), 'Patient');
  assert.deepEqual(Object.keys(ours).sort(), ['extension', 'id', 'identifier', 'meta', 'resourceType']);
  assert.deepEqual(ours.identifier, [{ system: 'https://fhir.haneul.test/patient', value: '00012001' }]);
});

test('6.12 where patients are not ours they are referred to by identifier', () => {
  const rendering = renderedOrder(order(), { settings: { writePatient: false } });
  assert.deepEqual(typesOf(rendering), ['ServiceRequest']);
  const { subject } = the(rendering, 'ServiceRequest');
  assert.deepEqual([subject.reference, subject.identifier?.value], [undefined, '00012001']);
});

test('6.12 one Patient for whatever subject carries it', () => {
  const related = { patient: patient() };
  const [first, ...others] = [
    renderedOrder(order(), { related }),
    renderedObservation(observation(), { related }),
    renderedAnalysis(approved(), { related }),
  ].map((rendering) => the(rendering, 'Patient'));
  for (const other of others) assert.deepEqual(other, first);
});

test('6.14 a number with a comparator keeps both; an invalid model input is still a result', () => {
  const value = { numeric: 1000, comparator: '>', text: null, unit: 'mg/dL' };
  assert.deepEqual(the(renderedObservation(observation({ value })), 'Observation').valueQuantity, {
    value: 1000,
    comparator: '>',
    unit: 'mg/dL',
    system: systems.ucum,
    code: 'mg/dL',
  });
});

test('6.14 a unit that is no UCUM stays words', () => {
  const value = { numeric: 5, comparator: null, text: null, unit: 'x10^3/uL' };
  assert.deepEqual(the(renderedObservation(observation({ value })), 'Observation').valueQuantity, { value: 5, unit: 'x10^3/uL' });
});

test('6.14 a time keeps its offset and its precision; seconds are filled because FHIR demands them', () => {
  const timeOf = (effectiveAt: string | null) =>
    the(renderedObservation(observation({ effectiveAt })), 'Observation').effectiveDateTime;
  assert.equal(timeOf('2026-11-20T08:50:00+09:00'), '2026-11-20T08:50:00+09:00');
  assert.equal(timeOf('2026-11-20T08:50+09:00'), '2026-11-20T08:50:00+09:00');
  assert.equal(timeOf('2026-11-20'), '2026-11-20');
  assert.equal(timeOf('2026-11'), '2026-11');
  assert.equal(timeOf('yesterday'), undefined);
  assert.equal(timeOf(null), undefined);
});

test('no job without a patient is written', () => {
  const of = { patientKey: null, prediction: gone };
  const state = analysis(requested({ patientKey: null }), ended(of), reviewed(ended(of)));
  const rendering = renderedAnalysis(state);
  assert.deepEqual([rendering.resources, rendering.held], [[], 'NO_PATIENT']);
});

test('a patient key that is none is refused', () => {
  assert.equal(renderedOrder(order({ patientKey: 'nobody' })).held, 'PATIENT_IDENTIFIER_REFUSED');
  assert.equal(renderedOrder(order({ patientKey })).held, null);
});

/** A real FHIR R4 server in validating mode takes every kind of rendering, as one transaction and one by one, and refuses what is broken. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { testFhirServer, uniqueName } from '@clinstream/testkit';
import fc from 'fast-check';
import { deviceFor } from './device.ts';
import { ids, referenceTo } from './ids.ts';
import { render } from './render.ts';
import { anySubject, contexts } from './testing/arbitraries.ts';
import { renderEverything } from './testing/everything.ts';
import {
  analysis,
  approved,
  at,
  type ContextChange,
  ended,
  keysOf,
  models,
  observation,
  order,
  patient,
  renderedAnalysis,
  renderedObservation,
  renderedOrder,
  requested,
  reviewed,
  riskModel,
  settings,
  the,
} from './testing/states.ts';
import type { AnyResource, FhirResource } from './types.ts';

let baseUrl: string;
before(async () => {
  baseUrl = (await testFhirServer()).baseUrl;
  for (const model of models) {
    const device = deviceFor(model, settings);
    assert.ok([200, 201].includes((await send('PUT', referenceTo(device), device)).status));
  }
});

type Answer = { readonly status: number; readonly body: unknown };

async function send(method: 'PUT' | 'POST' | 'GET', path: string, content?: object): Promise<Answer> {
  const answer = await fetch(path === '' ? baseUrl : `${baseUrl}/${path}`, {
    method,
    headers: { 'content-type': 'application/fhir+json', accept: 'application/fhir+json' },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
  });
  return { status: answer.status, body: await answer.json() };
}

const transact = (resources: readonly AnyResource[]): Promise<Answer> =>
  send('POST', '', {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [...new Map(resources.map((one) => [referenceTo(one), one])).entries()].map(([url, resource]) => ({
      fullUrl: `${baseUrl}/${url}`,
      resource,
      request: { method: 'PUT', url },
    })),
  });

/** Errors only: a server warns of much that is as it should be. */
function problemsIn({ body }: Answer): string {
  const { issue = [] } = body as { readonly issue?: readonly { readonly severity: string; readonly diagnostics?: string }[] };
  return issue
    .filter(({ severity }) => severity === 'error' || severity === 'fatal')
    .map(({ diagnostics }) => diagnostics)
    .join('\n');
}

const versionsIn = ({ body }: Answer): readonly string[] =>
  (body as { readonly entry: readonly { readonly response: { readonly etag: string } }[] }).entry.map(
    ({ response }) => response.etag,
  );

const fresh = (): string => uniqueName('render');
const keyOfPatient = (name: string): string => `HANEUL|HIS|${name}`;

test('every kind of rendering is taken in one transaction, and sending it again makes no new version', async () => {
  const name = fresh();
  const resources = Object.values(renderEverything(keyOfPatient(name), name)).flatMap((one) => one.resources);
  const kinds = new Set(resources.map(({ resourceType }) => resourceType));
  assert.deepEqual([...kinds].sort(), [
    'DetectedIssue',
    'DiagnosticReport',
    'MedicationRequest',
    'Observation',
    'Patient',
    'Provenance',
    'RiskAssessment',
    'ServiceRequest',
    'Specimen',
    'Task',
  ]);
  const first = await transact(resources);
  assert.equal(first.status, 200, problemsIn(first));
  const again = await transact(resources);
  assert.deepEqual([...new Set([...versionsIn(first), ...versionsIn(again)])], ['1']);
});

test('every rendering is taken alone, in the order of delivery, as after a split', async () => {
  const name = fresh();
  const isVariant = (what: string): boolean => /^(flag|unit|a code of) /.test(what);
  for (const [what, { resources }] of Object.entries(renderEverything(keyOfPatient(name), name))) {
    if (isVariant(what)) continue;
    const answer = await transact(resources);
    assert.equal(answer.status, 200, `${what}: ${problemsIn(answer)}`);
  }
});

test('every rendering is taken where patients are not ours and our uris are no urls', async () => {
  const name = fresh();
  const change: ContextChange = { settings: { writePatient: false, systemBase: 'urn:clinstream' } };
  const resources = Object.values(renderEverything(keyOfPatient(name), name, change)).flatMap((one) => one.resources);
  const answer = await transact(resources);
  assert.equal(answer.status, 200, problemsIn(answer));
});

test('no text of a sender’s, however odd, gets a rendering refused', async () => {
  const { seed } = fc.readConfigureGlobal();
  const renderings = fc.sample(fc.tuple(anySubject, contexts), { numRuns: 40, ...(seed === undefined ? {} : { seed }) });
  // One after the other: all are about the same ids. What a rendering refers to and does not hold must stand there.
  await transact([
    ...renderedOrder(order({ specimen: { id: 'T', code: null, collectedAt: null } })).resources,
    ...renderedObservation(observation()).resources,
  ]);
  await send('PUT', 'Patient/hospital-7', { resourceType: 'Patient', id: 'hospital-7' });
  for (const [subject, of] of renderings) {
    const { resources } = render(subject, of);
    if (resources.length === 0) continue;
    const answer = await transact(resources);
    assert.equal(answer.status, 200, `${problemsIn(answer)}\n${JSON.stringify(resources)}`);
  }
});

test('a merged Patient of ours is taken', async () => {
  const patientKey = keyOfPatient(fresh());
  const merged = patient({ patientKey, mergedInto: keyOfPatient('survivor') });
  const answer = await transact(
    renderedObservation(observation({ patientKey, observationId: patientKey }), { related: { patient: merged } }).resources,
  );
  assert.equal(answer.status, 200, problemsIn(answer));
});

test('a released result that is rejected becomes entered in error under the same id', async () => {
  const name = fresh();
  const of = { jobId: name, patientKey: keyOfPatient(name) };
  const events = [
    requested({ ...of, inputObservations: [] }),
    ended(of),
    reviewed(ended(of), { inputObservations: [] }),
  ] as const;
  const released = renderedAnalysis(analysis(...events));
  const rejection = reviewed(ended(of), { type: 'AnalysisRejected', inputObservations: [], at: at(60) });
  const withdrawn = renderedAnalysis(analysis(...events, rejection), { delivered: keysOf(released) });
  for (const { resources } of [released, withdrawn]) assert.equal((await transact(resources)).status, 200);
  const { body } = await send('GET', `DiagnosticReport/${ids.report(name)}`);
  const report = body as { readonly status: string; readonly meta: { readonly versionId: string }; readonly conclusion: string };
  assert.deepEqual([report.status, report.meta.versionId], ['entered-in-error', '2']);
  assert.doesNotMatch(JSON.stringify(report), /malignant/);
});

const broken: readonly (readonly [what: string, break_: (name: string) => FhirResource])[] = [
  [
    'a result without status',
    (name) => {
      const { status: _status, ...rest } = the(renderedObservation(observation({ observationId: name })), 'Observation');
      return rest as FhirResource;
    },
  ],
  [
    'a probability of 150 %',
    (name) => {
      const of = { jobId: name, model: riskModel.name, prediction: { label: 'sepsis', probability: 1.5, margin: null } };
      return the(renderedAnalysis(approved(of)), 'RiskAssessment');
    },
  ],
];
for (const [what, make] of broken) {
  test(`the server refuses ${what}: acceptance means something`, async () => {
    const name = fresh();
    const ours = the(renderedObservation(observation({ observationId: name })), 'Patient');
    const answer = await transact([ours, make(name)]);
    assert.equal(answer.status, 422);
    assert.notEqual(problemsIn(answer), '');
  });
}

/** The FHIR server of tests: that it refuses what does not conform, keeps what it took over a kill, is shared, and goes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isAlive } from '@clinstream/local';
import { offerFhirServer, startFhirServer } from './fhir-server.ts';

type Server = Awaited<ReturnType<typeof startFhirServer>>;
let server: Server;

before(async () => {
  server = await startFhirServer();
});
after(async () => await server.stop());

const observation = (id: string, more: object) => ({
  resourceType: 'Observation',
  id,
  code: { coding: [{ system: 'http://loinc.org', code: '718-7' }] },
  valueQuantity: { value: 13.2, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' },
  ...more,
});

function put(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${server.baseUrl}/${path}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/fhir+json', ...headers },
    body: JSON.stringify(body),
  });
}

test('takes a resource under an id of ours and keeps its version while it does not change', async () => {
  const resource = observation('haemoglobin-1', { status: 'final' });
  const first = await put('Observation/haemoglobin-1', resource);
  const again = await put('Observation/haemoglobin-1', resource);
  assert.deepEqual([first.status, first.headers.get('etag')], [201, 'W/"1"']);
  assert.deepEqual([again.status, again.headers.get('etag')], [200, 'W/"1"']);
});

test('refuses with 422 what does not conform', async () => {
  const answer = await put('Observation/no-status', observation('no-status', {}));
  assert.equal(answer.status, 422);
  assert.match(await answer.text(), /OperationOutcome.*Observation\.status/s);
});

test('answers 409 to an If-Match that is not current', async () => {
  const resource = observation('haemoglobin-2', { status: 'final' });
  await put('Observation/haemoglobin-2', resource);
  const answer = await put('Observation/haemoglobin-2', { ...resource, status: 'amended' }, { 'if-match': 'W/"7"' });
  assert.equal(answer.status, 409);
});

test('what it acknowledged is there after a kill -9 and a restart', async () => {
  assert.equal((await put('Patient/kept', { resourceType: 'Patient', id: 'kept' })).status, 201);
  const pid = server.pid();
  await server.kill();
  assert.equal(isAlive(pid), false);
  await server.restart();
  const found = await fetch(`${server.baseUrl}/Patient/kept`);
  assert.equal(found.status, 200);
});

test('a test process asks the runner, who starts one server at the first question', async () => {
  let started = 0;
  const offer = await offerFhirServer(async () => {
    started += 1;
    return { addresses: { baseUrl: server.baseUrl }, stop: async () => {} };
  });
  try {
    assert.equal(started, 0);
    const answers = await Promise.all([1, 2].map(async () => await (await fetch(offer.url)).json()));
    assert.deepEqual(answers, [{ baseUrl: server.baseUrl }, { baseUrl: server.baseUrl }]);
    assert.equal(started, 1);
  } finally {
    await offer.stop();
  }
});

test('a server that cannot start is told to whoever asked', async () => {
  const offer = await offerFhirServer(() => Promise.reject(new Error('the FHIR server did not start: no memory')));
  try {
    const answer = await fetch(offer.url);
    assert.deepEqual([answer.status, await answer.text()], [503, 'the FHIR server did not start: no memory']);
  } finally {
    await offer.stop();
  }
});

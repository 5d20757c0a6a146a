/** Against a real FHIR server, HAPI's, in validating mode: what our own fake could only pretend. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testFhirServer, uniqueName } from '@clinstream/testkit';
import type { Verdict } from '../delivery/target.ts';
import { ids } from '../domain/fhir/ids.ts';
import { withSourceVersion } from '../domain/fhir/source-version.ts';
import { readMetadata } from './conformance.ts';
import { writeDevices } from './devices.ts';
import { type JsonRecord, objectIn, textIn } from './json.ts';
import { createHarness, type Harness } from './testing/harness.ts';
import { startLossyProxy } from './testing/lossy-proxy.ts';
import { createLedger, keyOfSaid, type Said } from './testing/works.ts';

let harness: Harness;
let baseUrl: string;
const never = new AbortController().signal;

before(async () => {
  baseUrl = (await testFhirServer()).baseUrl;
  harness = createHarness(baseUrl, { timeoutMs: 30_000 });
});
after(async () => await harness.stop());

const outcomes = (verdicts: readonly Verdict[]): string =>
  verdicts.map((one) => ('code' in one ? `${one.outcome} ${one.code}` : one.outcome)).join(', ');

/** One patient's own names and ledger. */
function patient() {
  const name = uniqueName('p');
  const patientKey = `H1|A|${name}`;
  const ledger = createLedger();
  const idOf = (id: string): string => `${name}-${id}`;
  return {
    key: (id: string) => keyOfSaid(idOf(id)),
    deliver: async (what: readonly Said[], by: Harness = harness, more: object = {}) => {
      const works = what.map((one) => ledger.work({ ...one, id: idOf(one.id) }, { patientKey, ...more }));
      const verdicts = await by.deliver(works, ledger.context());
      ledger.settle(works, verdicts);
      return verdicts;
    },
  };
}
const said = (id: string, value = 1, version = 1): Said => ({ id, value, version });

async function read(key: string): Promise<{ status: number; version: string | null; value: unknown }> {
  const { status, resource } = await harness.connection.client.send({ method: 'GET', path: key, signal: never });
  const version = textIn(objectIn(resource, 'meta'), 'versionId');
  return { status, version, value: objectIn(resource, 'valueQuantity')?.['value'] };
}
async function put(resource: JsonRecord): Promise<void> {
  const path = `${textIn(resource, 'resourceType')}/${textIn(resource, 'id')}`;
  const { status } = await harness.connection.client.send({ method: 'PUT', path, body: resource, signal: never });
  assert.ok(status < 300, String(status));
}

test('it lacks nothing we need', async () => {
  assert.deepEqual((await readMetadata(harness.connection.client, never)).lacks, []);
});

test('a transaction is taken, unchanged content is not sent, a change makes one more version', async () => {
  const { deliver, key } = patient();
  assert.equal(outcomes(await deliver([said('a'), said('b')])), 'delivered, delivered');
  const again = await deliver([said('a'), said('b')]);
  assert.ok(again.every((one) => one.outcome === 'delivered' && !one.sent && one.remoteVersion === '1'));
  const [changed] = await deliver([said('a', 2, 2)]);
  assert.ok(changed?.outcome === 'delivered' && changed.sent && changed.remoteVersion === '2');
  assert.deepEqual(
    [await read(key('a')), await read(key('b'))],
    [
      { status: 200, version: '2', value: 2 },
      { status: 200, version: '1', value: 1 },
    ],
  );
});

test('a stale If-Match (409 here) is looked up: ours and older is overwritten, newer and foreign stay', async () => {
  const { deliver, key } = patient();
  await deliver([said('a'), said('b'), said('c')]);
  const observation = (id: string, value: number) => ({
    resourceType: 'Observation' as const,
    id: key(id).split('/')[1] ?? '',
    status: 'final' as const,
    code: { coding: [{ system: 'http://loinc.org', code: '718-7' }] },
    valueQuantity: { value, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' },
  });
  await put(withSourceVersion(observation('a', 50), 1) as unknown as JsonRecord);
  await put(withSourceVersion(observation('b', 60), 99) as unknown as JsonRecord);
  await put(observation('c', 70));
  const verdicts = await deliver([said('a', 2, 2), said('b', 2, 2), said('c', 2, 2)]);
  assert.equal(outcomes(verdicts), 'delivered, needs_review FHIR_NEWER_ON_SERVER, needs_review FHIR_FOREIGN_CHANGE');
  assert.deepEqual([(await read(key('a'))).value, (await read(key('b'))).value, (await read(key('c'))).value], [2, 60, 70]);
});

test('one the server finds invalid (422) is isolated, its OperationOutcome kept, the others stand there', async () => {
  const { deliver, key } = patient();
  const verdicts = await deliver([said('a'), { ...said('b'), status: 'finished' }, said('c')]);
  assert.equal(outcomes(verdicts), 'delivered, rejected FHIR_INVALID, delivered');
  const rejected = verdicts[1];
  assert.ok(rejected?.outcome === 'rejected' && rejected.acknowledgement === '422');
  assert.match(JSON.stringify(rejected.detail), /OperationOutcome.*finished/);
  assert.deepEqual(
    [(await read(key('a'))).version, (await read(key('b'))).status, (await read(key('c'))).version],
    ['1', 404, '1'],
  );
});

test('FHIR_VALIDATE finds it before anything is sent', async () => {
  const { deliver, key } = patient();
  const validating = createHarness(baseUrl, { timeoutMs: 30_000, validate: true });
  const verdicts = await deliver([said('a'), { ...said('b'), status: 'finished' }], validating);
  assert.equal(outcomes(verdicts), 'delivered, rejected FHIR_INVALID');
  assert.deepEqual([validating.counted.split, (await read(key('a'))).version], [0, '1']);
  await validating.stop();
});

test('every reply is lost after its effect, three times: nothing gets a second version', async () => {
  const { deliver, key } = patient();
  const proxy = await startLossyProxy(baseUrl, 3);
  const lossy = createHarness(proxy.baseUrl, { timeoutMs: 30_000 });
  try {
    assert.equal(outcomes(await deliver([said('a')], lossy)), 'retry FHIR_REPLY_LOST');
    const [first] = await deliver([said('a')], lossy);
    assert.ok(first?.outcome === 'delivered' && !first.sent && first.remoteVersion === '1');
    assert.equal(outcomes(await deliver([said('a', 2, 2)], lossy)), 'retry FHIR_REPLY_LOST');
    assert.equal(outcomes(await deliver([said('a', 3, 3)], lossy)), 'retry FHIR_REPLY_LOST');
    assert.equal(outcomes(await deliver([said('a', 3, 3)], lossy)), 'delivered');
    assert.equal(proxy.lost(), 3);
  } finally {
    await lossy.stop();
    await proxy.stop();
  }
  assert.deepEqual(await read(key('a')), { status: 200, version: '3', value: 3 });
});

test('devices are written once, however often the service starts', async () => {
  const { client } = harness.connection;
  const device = withSourceVersion(
    {
      resourceType: 'Device' as const,
      id: ids.device('model', '1.0.0', uniqueName('digest')),
      status: 'active' as const,
      deviceName: [{ name: 'A model', type: 'model-name' as const }],
    },
    1,
  );
  for (let start = 0; start < 3; start++) await writeDevices(client, [device], never);
  assert.equal((await read(`Device/${device.id}`)).version, '1');
});

/** The target as the service wires it, with the real rendering: waits for the server, writes the devices once, delivers, and says when it is back. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type ModelManifest, type OrderState, orderIdOf, reduceOrder } from '@clinstream/contracts';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { waitFor } from '@clinstream/testkit';
import { ordered } from '@clinstream/testkit/events';
import type { Work } from '../delivery/target.ts';
import { deviceFor } from '../domain/fhir/device.ts';
import { ids } from '../domain/fhir/ids.ts';
import { createFhirConnection } from './connection.ts';
import { createFhirTarget } from './target.ts';
import { type FakeFhirServer, isTransaction, keysIn, startFakeFhirServer } from './testing/fake-fhir-server.ts';
import { configOf, settings } from './testing/harness.ts';
import { createLedger } from './testing/works.ts';

const manifestFile = new URL('../../../../models/breast-cancer/1.0.0/manifest.json', import.meta.url);
const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as ModelManifest;
const { signal } = new AbortController();
let server: FakeFhirServer;

before(async () => {
  server = await startFakeFhirServer();
});
after(async () => await server.stop());

const patientKey = 'H1|A|0001';
const orderOf = (requestedBy: string, placerNumber: string): OrderState => {
  const event = ordered(orderIdOf('OCS', placerNumber), {
    patientKey,
    placerNumber,
    placerAuthority: 'OCS',
    priority: 'asap',
    code: { code: '718-7', system: 'LN', display: null },
    contentDigest: 'd',
    sourceVersion: 1_000,
    requestedBy,
    requestedAt: 1_000,
  });
  const state = reduceOrder(null, event);
  assert.ok(state);
  return state;
};
const workOf = (state: OrderState): Work => ({
  subject: { kind: 'order', state },
  id: state.orderId,
  patientKey,
  related: { patient: null, order: null, observations: [] },
  delivered: null,
  intent: null,
  force: false,
  changedAt: 0,
  attempts: 0,
});

test('absent, then there: not ready and thrown as the dependency’s, then devices once and orders', {
  timeout: 30_000,
}, async () => {
  server.inject(() => ({ kind: 'reply', reply: { status: 503 } }));
  const telemetry = createSilentTelemetry();
  const connection = createFhirConnection(configOf(server.baseUrl), { telemetry });
  const target = createFhirTarget(configOf(server.baseUrl), {
    telemetry,
    onFatal: (error) => assert.fail(error),
    connection,
    manifests: [manifest],
    settings,
    devices: [deviceFor(manifest, settings)],
    findForeignRequest: async (orderId) => (orderId === orderIdOf('OCS', 'made-there') ? 'ServiceRequest/sr-9' : null),
  });
  const { context } = createLedger();
  await target.start();
  try {
    assert.equal(target.readiness().ready, false);
    await assert.rejects(target.deliver([workOf(orderOf('OCS', '1'))], context()), { scope: 'dependency' });
    await assert.rejects(target.probe(signal), { scope: 'dependency' });

    server.inject(() => null);
    await waitFor(() => target.readiness().ready, { deadlineMs: 15_000, what: 'the target to meet the server' });
    await target.probe(signal);
    const device = `Device/${ids.device(manifest.name, manifest.version, manifest.digest)}`;
    assert.equal(server.store.get(device)?.version, 1);

    const works = [orderOf('OCS', '1'), orderOf('fhir', 'made-there')].map(workOf);
    const [first, second] = await target.deliver(works, context());
    const key = `ServiceRequest/${ids.serviceRequest(orderIdOf('OCS', '1'))}`;
    assert.ok(first?.outcome === 'delivered' && first.remoteId === key);
    assert.equal(second?.outcome, 'delivered');
    const [sent] = server.requests.filter(isTransaction);
    assert.deepEqual(sent && keysIn(sent), [`Patient/${ids.patient(patientKey)}`, key]);
    assert.equal(server.store.get(key)?.resource['priority'], 'asap');
  } finally {
    await target.stop(signal);
  }
});

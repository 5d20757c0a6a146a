/** Orders made in a real FHIR server (HAPI's) by others come in once each, ours do not, and nothing moves before Kafka has confirmed. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { OrderEvent } from '@clinstream/contracts';
import { createPostgres, type Postgres } from '@clinstream/runtime/postgres';
import type { EventProducer } from '@clinstream/runtime/producer';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { type FreshDatabase, testFhirServer, testStack, uniqueName } from '@clinstream/testkit';
import type { FhirConnection } from './connection.ts';
import { createFhirConnection } from './connection.ts';
import type { JsonRecord } from './json.ts';
import { createFhirPoller, type FhirPoller } from './poller.ts';
import { configOf, settings } from './testing/harness.ts';

const never = new AbortController();
const telemetry = createSilentTelemetry();
let database: FreshDatabase;
let postgres: Postgres;
let connection: FhirConnection;
let poller: FhirPoller;
let published: { id: string; value: OrderEvent }[];
let refusals = 0;

const producer = {
  publish: async ({ value, envelope }: { value: OrderEvent; envelope: { eventId: string } }) => {
    if (refusals-- > 0) throw new Error('Kafka has not confirmed');
    published.push({ id: envelope.eventId, value });
  },
} as unknown as Pick<EventProducer, 'publish'>;

const pollerOf = () =>
  createFhirPoller({ pollIntervalMs: 1_000, pollOverlapMs: 5_000 }, { telemetry, connection, postgres, producer, settings });

before(async () => {
  const [stack, fhir] = await Promise.all([testStack(), testFhirServer()]);
  database = await stack.freshDatabase();
  postgres = createPostgres(database.config, telemetry);
  await postgres.start();
  connection = createFhirConnection(configOf(fhir.baseUrl, { timeoutMs: 30_000 }), { telemetry });
});
after(async () => {
  await connection.close();
  await postgres.stop(never.signal);
  await database.drop();
});
beforeEach(async () => {
  refusals = 0;
  published = [];
  await postgres.query('DELETE FROM sync.poll_cursors');
  poller = pollerOf();
  await poller.look();
  published = [];
});
afterEach(async () => await poller.stop(never.signal));

async function put(resource: JsonRecord): Promise<void> {
  const path = `${resource['resourceType']}/${resource['id']}`;
  const { status, resource: answer } = await connection.client.send({
    method: 'PUT',
    path,
    body: resource,
    signal: never.signal,
  });
  assert.ok(status < 300, JSON.stringify(answer));
}
async function madePatient(): Promise<string> {
  const id = uniqueName('pat');
  await put({ resourceType: 'Patient', id, identifier: [{ system: `${settings.systemBase}/id/patient/H1/A`, value: id }] });
  return id;
}
const requestOf = (id: string, patient: string, more: JsonRecord = {}): JsonRecord => ({
  resourceType: 'ServiceRequest',
  id,
  status: 'active',
  intent: 'order',
  category: [{ coding: [{ system: 'http://snomed.info/sct', code: '108252007' }] }],
  code: { coding: [{ system: 'http://loinc.org', code: '718-7' }] },
  priority: 'urgent',
  subject: { reference: `Patient/${patient}` },
  ...more,
});
const typesOf = (number: string): readonly string[] =>
  published.filter(({ value }) => value.placerNumber === number).map(({ value }) => value.type);
const parked = async (): Promise<Record<string, string>> => {
  const { rows } = await postgres.query<{ id: string; code: string }>(
    "SELECT id, code FROM sync.polled_resources WHERE outcome = 'parked'",
  );
  return Object.fromEntries(rows.map(({ id, code }) => [id, code]));
};

test('placed, amended, cancelled: one event each, under the patient’s key, however often it is looked at', async () => {
  const patient = await madePatient();
  const id = uniqueName('sr');
  await put(requestOf(id, patient));
  for (let i = 0; i < 3; i++) await poller.look();
  assert.deepEqual(typesOf(id), ['OrderPlaced']);
  assert.equal(published[0]?.value.patientKey, `H1|A|${patient}`);
  await put(requestOf(id, patient, { priority: 'stat' }));
  await poller.look();
  await put(requestOf(id, patient, { priority: 'stat', status: 'revoked' }));
  for (let i = 0; i < 2; i++) await poller.look();
  assert.deepEqual(typesOf(id), ['OrderPlaced', 'OrderAmended', 'OrderCancelRequested']);
});

test('what we wrote ourselves is no order of others', async () => {
  const patient = await madePatient();
  const id = uniqueName('sr');
  await put(requestOf(id, patient, { meta: { source: settings.systemBase } }));
  await poller.look();
  assert.deepEqual(published, []);
});

test('unusable ones are parked with the reason, and read again when they are corrected', async () => {
  const patient = await madePatient();
  const stranger = uniqueName('pat');
  await put({ resourceType: 'Patient', id: stranger, identifier: [{ system: 'urn:unknown', value: '1' }] });
  const [one, other] = [uniqueName('sr'), uniqueName('sr')];
  await put(requestOf(one, stranger));
  const { category: _category, ...uncategorised } = requestOf(other, patient);
  await put(uncategorised);
  await poller.look();
  assert.deepEqual(published, []);
  const found = await parked();
  assert.deepEqual([found[one], found[other]], ['PATIENT_NOT_IDENTIFIED', 'ORDER_KIND_UNKNOWN']);
  await put(requestOf(other, patient));
  await poller.look();
  assert.deepEqual(typesOf(other), ['OrderPlaced']);
  assert.equal((await parked())[other], undefined);
});

test('Kafka does not confirm, twice: the cursor stays, the third look tells it once and another instance goes on from there', async () => {
  const patient = await madePatient();
  const id = uniqueName('sr');
  await put(requestOf(id, patient));
  const cursor = async () =>
    (await postgres.query<{ read_until: number }>("SELECT read_until FROM sync.poll_cursors WHERE kind = 'ServiceRequest'"))
      .rows[0]?.read_until;
  const before = await cursor();
  refusals = 2;
  for (let i = 0; i < 2; i++) await assert.rejects(poller.look(), /not confirmed/);
  assert.equal(await cursor(), before);
  refusals = 0;
  await poller.look();
  assert.ok(Number(await cursor()) > Number(before));
  // Nobody knew whether the placement had left; told again it is the same order.
  assert.deepEqual(new Set(published.map(({ value }) => value.orderId)).size, 1);
  const told = published.length;
  const other = pollerOf();
  await other.look();
  assert.equal(published.length, told);
  await other.stop(never.signal);
});

test('more than a page is read page by page, all of them', { timeout: 60_000 }, async () => {
  const patient = await madePatient();
  const prefix = uniqueName('many');
  const entry = Array.from({ length: 130 }, (_, index) => {
    const resource = requestOf(`${prefix}-${index}`, patient);
    const url = `ServiceRequest/${resource['id']}`;
    return { fullUrl: `${connection.client.baseUrl}/${url}`, resource, request: { method: 'PUT', url } };
  });
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
  const { status } = await connection.client.send({
    method: 'POST',
    path: '',
    body: bundle,
    minimal: true,
    signal: never.signal,
  });
  assert.equal(status, 200);
  await poller.look();
  assert.equal(new Set(published.map(({ value }) => value.placerNumber).filter((number) => number.startsWith(prefix))).size, 130);
});

test('a Task of others: asks for a request older than our first look, and cancels it', async () => {
  const patient = await madePatient();
  const id = uniqueName('sr');
  await put(requestOf(id, patient));
  await poller.look();
  published = [];
  await postgres.query("DELETE FROM sync.polled_resources WHERE kind = 'ServiceRequest'");
  const taskOf = (status: string): JsonRecord => ({
    resourceType: 'Task',
    id: `task-${id}`,
    status,
    intent: 'order',
    focus: { reference: `ServiceRequest/${id}` },
    for: { reference: `Patient/${patient}` },
  });
  await postgres.query("UPDATE sync.poll_cursors SET read_until = $1 WHERE kind = 'ServiceRequest'", [Date.now() + 3_600_000]);
  await put(taskOf('requested'));
  await poller.look();
  assert.deepEqual(typesOf(id), ['OrderPlaced']);
  await put(taskOf('cancelled'));
  for (let i = 0; i < 2; i++) await poller.look();
  assert.deepEqual(typesOf(id), ['OrderPlaced', 'OrderCancelRequested']);
});

test('one instance reads at a time', async () => {
  await postgres.query("UPDATE sync.poll_cursors SET holder = 'other', lease_until = now() + interval '1 minute'");
  const patient = await madePatient();
  const id = uniqueName('sr');
  await put(requestOf(id, patient));
  await poller.look();
  assert.deepEqual(typesOf(id), []);
  await postgres.query("UPDATE sync.poll_cursors SET lease_until = now() - interval '1 second'");
  await poller.look();
  assert.deepEqual(typesOf(id), ['OrderPlaced']);
});

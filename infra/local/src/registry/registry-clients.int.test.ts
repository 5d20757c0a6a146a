/** The registry as clients nobody here wrote see it: kafkajs's registry client and Confluent's Python client. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { schemaOf, topics } from '@clinstream/contracts';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { COMPATIBILITY } from '@kafkajs/confluent-schema-registry/dist/constants.js';
import { pythonPeer } from '../../../../test/peers/python.ts';
import { type RegistryUnderTest, registryUnderTest } from './testing/registry-under-test.ts';

let registry: RegistryUnderTest;
before(async () => {
  registry = await registryUnderTest();
});
after(() => registry.stop());

const placed = {
  type: 'OrderPlaced',
  orderId: 'order-1',
  patientKey: 'H|A|1',
  placerNumber: 'P1',
  placerAuthority: 'EHR',
  fillerNumber: null,
  kind: 'laboratory',
  priority: 'stat',
  code: { code: 'CBC', system: 'L', display: null },
  note: '혈액 검사',
  contentDigest: 'd',
  sourceVersion: 1_795_000_000_000,
  requestedBy: 'EHR',
  requestedAt: 1_795_000_000_000,
  analysisJobId: null,
  messageId: null,
  orderingProvider: null,
  specimen: null,
  parentOrderId: null,
  specimenRejectReasons: [],
};

test('kafkajs registry client: registers, encodes, decodes, and is refused what is incompatible', async () => {
  const schema = { type: SchemaType.AVRO as const, schema: JSON.stringify(schemaOf[topics.orders]) };
  const options = { subject: 'kafkajs-value', compatibility: COMPATIBILITY.FULL_TRANSITIVE };
  const writer = new SchemaRegistry({ host: registry.url });
  const { id } = await writer.register(schema, options);
  assert.equal((await writer.register(schema, options)).id, id);
  await assert.rejects(
    writer.register(schema, { ...options, compatibility: COMPATIBILITY.NONE }),
    /Compatibility does not match/,
  );
  const broken = { type: SchemaType.AVRO as const, schema: JSON.stringify({ type: 'record', name: 'OrderEvent', fields: [] }) };
  await writer.register(broken, options).then(
    () => assert.fail('an incompatible schema was taken'),
    (error: { status: number }) => assert.equal(error.status, 409),
  );
  const bytes = await writer.encode(id, placed);
  const reader = new SchemaRegistry({ host: registry.url });
  assert.deepEqual(structuredClone(await reader.decode(bytes)), placed);
  assert.equal(await reader.getLatestSchemaId('kafkajs-value'), id);
  assert.equal(await reader.getRegistryIdBySchema('kafkajs-value', schema), id);
  await assert.rejects(reader.decode(Buffer.from([0, 0, 0, 99, 99, 0])), /not found/i);
});

const python = pythonPeer();

test('confluent-kafka for Python: its registry client, serializer and deserializer', {
  skip: python.missing ?? false,
}, async () => {
  const script = fileURLToPath(new URL('../../../../test/peers/registry_client.py', import.meta.url));
  const input = JSON.stringify({ url: registry.url, schema: JSON.stringify(schemaOf[topics.orders]), value: placed });
  const { stdout } = await promisify(execFile)(python.command ?? '', [script, input], { timeout: 60_000 });
  const { id, hex } = JSON.parse(stdout) as { id: number; hex: string };
  const reader = new SchemaRegistry({ host: registry.url });
  assert.deepEqual(structuredClone(await reader.decode(Buffer.from(hex, 'hex'))), placed);
  assert.equal(await reader.getLatestSchemaId('python-value'), id);
});

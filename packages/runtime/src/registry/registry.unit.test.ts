import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnalysisProgressed } from '@clinstream/contracts';
import { schemaOf, topics } from '@clinstream/contracts';
import { waitFor } from '@clinstream/testkit';
import { runtimeError } from '../errors/classify.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createTopicCodec, schemaIdOf } from './avro.ts';
import { createCodecs } from './create-codecs.ts';
import type { RegistryClient } from './registry-client.ts';

const topic = topics.progress;
const registry = { url: 'http://127.0.0.1:1', auth: null };
const progress: AnalysisProgressed = {
  type: 'AnalysisStarted',
  jobId: 'j',
  patientKey: null,
  generation: 1,
  attempt: 1,
  stage: 'run',
  percent: 10,
  failureCode: null,
  at: 1_790_000_000_000,
};

/** A registry in memory: ids by schema text, and how often it was asked. */
function createStub(failures = 0) {
  const ids = new Map<string, number>();
  const schemas = new Map<number, object>();
  const asked = { ids: 0, schemas: 0 };
  let left = failures;
  const client: RegistryClient = {
    async idOf(_subject, text) {
      asked.ids++;
      if (left-- > 0) throw runtimeError('REGISTRY_UNAVAILABLE', 'decode');
      const id = ids.get(text) ?? ids.size + 1;
      ids.set(text, id);
      schemas.set(id, JSON.parse(text) as object);
      return id;
    },
    async schemaOf(id) {
      asked.schemas++;
      const schema = schemas.get(id);
      if (!schema) throw runtimeError('SCHEMA_UNKNOWN', 'decode');
      return schema;
    },
  };
  return { client, schemas, asked };
}

async function startedCodecs(stub = createStub(), clock = { now: () => Date.now() }) {
  const codecs = createCodecs({ registry, topics: [topic], telemetry: createSilentTelemetry(clock), client: stub.client });
  await codecs.start();
  return codecs;
}

test('what is encoded is decoded, framed with magic byte and id, without asking the registry again', async () => {
  const stub = createStub();
  const codecs = await startedCodecs(stub);
  const bytes = codecs.encode(topic, progress);
  assert.equal(bytes[0], 0);
  assert.equal(schemaIdOf(bytes), 1);
  assert.deepEqual(JSON.parse(JSON.stringify(codecs.decode(topic, bytes))), progress);
  assert.equal(stub.asked.schemas, 0);
  await codecs.stop(AbortSignal.timeout(100));
});

test('fails N-1 times then succeeds: not ready meanwhile, then ready by itself', async () => {
  const stub = createStub(3);
  const codecs = await startedCodecs(stub);
  assert.equal(codecs.readiness().ready, false);
  assert.throws(() => codecs.encode(topic, progress), { code: 'SCHEMA_NOT_REGISTERED', scope: 'dependency' });
  await waitFor(() => codecs.readiness().ready, { deadlineMs: 10_000, what: 'codecs ready', everyMs: 10 });
  codecs.encode(topic, progress);
  assert.equal(stub.asked.ids, 4);
  await codecs.stop(AbortSignal.timeout(100));
});

test('never succeeds: stopping ends the asking', async () => {
  const codecs = await startedCodecs(createStub(Number.POSITIVE_INFINITY));
  await codecs.stop(AbortSignal.timeout(100));
  assert.equal(codecs.readiness().ready, false);
});

test('records of another writer are read through one cached resolver, with our defaults and our default symbol', async () => {
  const stub = createStub();
  const codecs = await startedCodecs(stub);
  const schema = structuredClone(schemaOf[topic]) as { fields: { name: string; type: { symbols: string[] } }[] };
  const older = { ...schema, fields: schema.fields.filter(({ name }) => name !== 'failureCode') };
  for (const field of older.fields) if (field.name === 'type') field.type.symbols.push('AnalysisDreamt');
  stub.schemas.set(77, older);
  const { failureCode: _, ...rest } = progress;
  const bytes = createTopicCodec(topic, older).encode(77, { ...rest, type: 'AnalysisDreamt' });
  const [first, second] = await Promise.all([codecs.decode(topic, bytes), codecs.decode(topic, bytes)]);
  assert.equal(first.type, 'Unknown');
  assert.equal(first.failureCode, null);
  assert.deepEqual(second, first);
  assert.ok(!(codecs.decode(topic, bytes) instanceof Promise));
  await codecs.stop(AbortSignal.timeout(100));
});

test('an unknown schema id asks once, is remembered, and is asked for again after a while', async () => {
  const stub = createStub();
  const clock = { time: 0, now: () => clock.time };
  const codecs = await startedCodecs(stub, clock);
  const bytes = Buffer.from([0, 0, 0, 1, 0, 1, 2]);
  const decode = async () => codecs.decode(topic, bytes);
  for (let i = 0; i < 3; i++) await assert.rejects(decode, { code: 'SCHEMA_UNKNOWN', kind: 'poison' });
  assert.equal(stub.asked.schemas, 1);
  clock.time = 31_000;
  await assert.rejects(decode, { code: 'SCHEMA_UNKNOWN' });
  assert.equal(stub.asked.schemas, 2);
  await codecs.stop(AbortSignal.timeout(100));
});

test('bytes that are no Avro of ours are poison, each with its code', async () => {
  const codecs = await startedCodecs();
  const good = codecs.encode(topic, progress);
  assert.throws(() => codecs.decode(topic, Buffer.from('{"a":1}')), { code: 'NOT_AVRO_FRAMED' });
  assert.throws(() => codecs.decode(topic, Buffer.alloc(3)), { code: 'NOT_AVRO_FRAMED' });
  assert.throws(() => codecs.decode(topic, good.subarray(0, good.length - 2)), { code: 'AVRO_UNREADABLE', kind: 'poison' });
  assert.throws(() => codecs.decode(topic, Buffer.concat([good, Buffer.from([1])])), { code: 'AVRO_UNREADABLE' });
  await codecs.stop(AbortSignal.timeout(100));
});

test('a value that does not follow the schema is refused by field name, never by value', async () => {
  const codecs = await startedCodecs();
  const wrong = { ...progress, percent: 'secret' as unknown as number };
  assert.throws(
    () => codecs.encode(topic, wrong),
    (error: Error) => /field percent/.test(error.message) && !error.message.includes('secret'),
  );
  await codecs.stop(AbortSignal.timeout(100));
});

test('a value larger than the first scratch buffer is encoded whole', async () => {
  const codecs = await startedCodecs();
  const large = { ...progress, stage: 'x'.repeat(300_000) };
  const decoded = await codecs.decode(topic, codecs.encode(topic, large));
  assert.equal(decoded.stage.length, 300_000);
  await codecs.stop(AbortSignal.timeout(100));
});

/** The codecs against a registry that speaks Confluent's API, and one that is away or swallows questions. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { allTopics, type PatientEvent, topics } from '@clinstream/contracts';
import { startFaultProxy, type TestStack, testStack, waitFor } from '@clinstream/testkit';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createCodecs } from './create-codecs.ts';

let stack: TestStack;
before(async () => {
  stack = await testStack();
});
after(() => stack?.stop());

const patient: PatientEvent = {
  type: 'PatientRegistered',
  patientKey: 'h|a|1',
  sourceVersion: 1,
  demographics: null,
  mergedInto: null,
  mergedFrom: null,
  messageId: null,
};

test('finds the ids of every contract schema, encodes and decodes, and does not know a foreign id', async () => {
  const codecs = createCodecs({ registry: stack.registryConfig, topics: allTopics, telemetry: createSilentTelemetry() });
  await codecs.start();
  assert.deepEqual(codecs.readiness(), { ready: true });
  const bytes = codecs.encode(topics.patients, patient);
  assert.deepEqual(JSON.parse(JSON.stringify(await codecs.decode(topics.patients, bytes))), patient);
  bytes.writeUInt32BE(0x7fff_fff0, 1);
  await assert.rejects(async () => codecs.decode(topics.patients, bytes), { code: 'SCHEMA_UNKNOWN' });
  await codecs.stop(AbortSignal.timeout(1_000));
});

test('a registry away at start is waited for; away later it makes an unseen schema a dependency error, not poison', async () => {
  const target = new URL(stack.registryUrl);
  const proxy = await startFaultProxy({ targetPort: Number(target.port), targetHost: target.hostname });
  proxy.set({ kind: 'cut' });
  const codecs = createCodecs({
    registry: { url: `http://${proxy.address}`, auth: null },
    topics: [topics.patients],
    telemetry: createSilentTelemetry(),
  });
  await codecs.start();
  assert.equal(codecs.readiness().ready, false);
  proxy.set({ kind: 'pass' });
  await waitFor(() => codecs.readiness().ready, { deadlineMs: 20_000, what: 'codecs ready', everyMs: 20 });
  proxy.set({ kind: 'cut' });
  const bytes = codecs.encode(topics.patients, patient);
  bytes.writeUInt32BE(12_345, 1);
  await assert.rejects(async () => codecs.decode(topics.patients, bytes), { code: 'REGISTRY_UNAVAILABLE', scope: 'dependency' });
  await codecs.stop(AbortSignal.timeout(1_000));
  await proxy.stop();
});

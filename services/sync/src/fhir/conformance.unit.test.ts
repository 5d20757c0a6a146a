/** Meeting the server: waited for while it is away, told once what it lacks, refused for good when it speaks another version. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createLogger } from '@clinstream/runtime/telemetry';
import type { FhirClient, FhirReply } from './client.ts';
import { createConformance } from './conformance.ts';
import { fhirError, isFhirError } from './errors.ts';
import type { JsonRecord } from './json.ts';
import { capabilityStatement } from './testing/fake-fhir-server.ts';

const statement = capabilityStatement as unknown as JsonRecord;
const ok = (resource: JsonRecord | null): FhirReply => ({ status: 200, etag: null, resource });

/** Answers in turn; the last one for ever. A started conformance, and when it is through with waiting. */
function meeting(answers: readonly (FhirReply | Error)[], onMet: () => Promise<void> = async () => {}) {
  let asked = 0;
  let lines = '';
  const settled = Promise.withResolvers<Error | null>();
  const client: FhirClient = {
    baseUrl: 'http://h/fhir',
    send: async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)];
      if (answer instanceof Error || answer === undefined) throw answer;
      return answer;
    },
  };
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines += chunk.toString();
      done();
    },
  });
  const waits: number[] = [];
  const conformance = createConformance({
    client,
    log: createLogger({ name: 'sync', level: 'info', destination }),
    onFatal: (error) => settled.resolve(error),
    onMet: async () => {
      await onMet();
      settled.resolve(null);
    },
    wait: async (ms) => {
      waits.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  return { conformance, settled: settled.promise, asked: () => asked, waits, lines: () => lines };
}
const { signal } = new AbortController();

test('a server that is away four times is met the fifth; the waits stay within five seconds', async () => {
  const away = fhirError('FHIR_UNREACHABLE');
  const met = meeting([
    away,
    fhirError('FHIR_BUSY', { retryAfterMs: 60_000 }),
    ok(null),
    { ...ok(null), status: 500 },
    ok(statement),
  ]);
  await met.conformance.start();
  assert.equal(met.conformance.readiness().ready, false);
  assert.equal(await met.settled, null);
  await met.conformance.stop(signal);
  assert.equal(met.conformance.readiness().ready, true);
  assert.deepEqual([met.asked(), met.waits.length], [5, 4]);
  assert.ok(met.waits.every((ms) => ms > 0 && ms <= 5_000));
});

test('devices that cannot be written yet are tried again: twice, then done; lacks are told once', async () => {
  let tries = 0;
  const lacking = structuredClone(statement) as { rest: { interaction: unknown[] }[] };
  for (const rest of lacking.rest) rest.interaction = [];
  const met = meeting([ok(lacking as unknown as JsonRecord)], async () => {
    if (++tries < 3) throw fhirError('FHIR_SERVER_ERROR');
  });
  await met.conformance.start();
  assert.equal(await met.settled, null);
  await met.conformance.stop(signal);
  assert.equal(tries, 3);
  assert.equal(met.lines().match(/transaction:/g)?.length, 1);
});

test('another FHIR version is fatal at once', async () => {
  const met = meeting([ok({ ...statement, fhirVersion: '4.3.0' })]);
  await met.conformance.start();
  assert.ok(isFhirError(await met.settled, 'FHIR_WRONG_VERSION'));
  assert.equal(met.asked(), 1);
});

test('a server that is never there keeps nobody from stopping', async () => {
  const met = meeting([fhirError('FHIR_UNREACHABLE')]);
  await met.conformance.start();
  while (met.waits.length < 3) await new Promise((resolve) => setImmediate(resolve));
  await met.conformance.stop(signal);
  assert.equal(met.conformance.readiness().ready, false);
});

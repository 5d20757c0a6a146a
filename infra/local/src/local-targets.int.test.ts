/** The FHIR server of `npm start` in the background: one line when it cannot be had, and an end at once when the end is wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FhirServer } from './fhir-server.ts';
import { startLocalTargets } from './local-targets.ts';
import { freePorts } from './ports.ts';
import { parseStartOptions } from './start-options.ts';

async function background(startServer: () => Promise<FhirServer>, env: Readonly<Record<string, string>> = {}) {
  const said: string[] = [];
  const stopping = new AbortController();
  const read = parseStartOptions(['--without', 'lis']);
  assert.ok(read !== 'help');
  const options = { ...read, ports: { ...read.ports, fhir: await freePorts() } };
  const targets = await startLocalTargets({
    options,
    env,
    say: (line) => said.push(line),
    stopping: stopping.signal,
    startServer,
  });
  return { targets, said, stopping, options };
}

test('when it cannot be had, one line says why, and nobody is stopped by it', async () => {
  const { targets, said } = await background(() => Promise.reject(new Error('Maven is needed and `mvn` was not found')));
  targets.startFhir();
  assert.match((await targets.whyNoFhir()) ?? '', /Maven is needed/);
  assert.match(said[0] ?? '', /starting in the background/);
  assert.match(said[1] ?? '', /could not be started, the rest goes on without it .*: Maven is needed and `mvn` was not found$/);
  assert.equal(said.length, 2);
  await targets.stop();
});

test('an end wanted while it starts says nothing of a failure', async () => {
  const { targets, said, stopping } = await background(
    () => new Promise((_, reject) => stopping.signal.addEventListener('abort', () => reject(stopping.signal.reason))),
  );
  targets.startFhir();
  stopping.abort();
  await targets.stop();
  assert.equal(said.length, 1, said.join('\n'));
});

test("somebody else's is used as it is named, and none is started", async () => {
  const { targets } = await background(() => assert.fail('started'), { FHIR_BASE_URL: 'https://fhir.example/r4' });
  targets.startFhir();
  assert.equal(await targets.whyNoFhir(), null);
  assert.deepEqual(targets.addresses, { fhirBaseUrl: 'https://fhir.example/r4', lis: null });
  await targets.stop();
});

/** Who the server knows a patient as: asked once, or ahead of time, and remembered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FhirClient } from './client.ts';
import { createPatientFinder } from './patients.ts';

const system = 'urn:x';
const signal = new AbortController().signal;

/** A server that knows everybody asked for; `there` are hospital Patients, with the value as id. */
function finderOn(there: readonly string[]) {
  const asked: string[] = [];
  const client: FhirClient = {
    baseUrl: 'http://x',
    send: async ({ path }) => {
      const tokens = new URLSearchParams(path.split('?')[1]).get('identifier')?.split(',') ?? [];
      const values = tokens.map((token) => token.split('|')[1] ?? '');
      asked.push(values.join(' '));
      const patients = values
        .filter((value) => there.includes(value))
        .map((value) => ({ resourceType: 'Patient', id: value, identifier: [{ system, value }] }));
      const entry = patients.map((resource) => ({ resource }));
      return { status: 200, etag: null, resource: { resourceType: 'Bundle', type: 'searchset', entry } };
    },
  };
  let now = 0;
  const clock = { now: () => now } as Parameters<typeof createPatientFinder>[0]['clock'];
  const identify = (value: string) => (value === 'none' ? null : { identifier: { system, value }, ownId: `own-${value}` });
  return { asked, finder: createPatientFinder({ client, clock, identify }), pass: (ms: number) => (now += ms) };
}

test('those looked for ahead are one search, and are not looked for again', async () => {
  const { asked, finder, pass } = finderOn(['known', 'a']);
  finder.wrote('known', { resourceType: 'Patient', id: 'own-known' }, '1');
  await Promise.all(['a', 'b', 'none', 'known'].map((key) => finder.lookAhead(key)));
  assert.deepEqual(asked, ['a b known']);
  assert.deepEqual(await finder.find('a', signal), { kind: 'foreign', reference: 'Patient/a' });
  assert.deepEqual(await finder.find('b', signal), { kind: 'ours', found: null });
  await Promise.all(['a', 'b'].map((key) => finder.lookAhead(key)));
  assert.equal(asked.length, 1, 'remembered');
  pass(300_000);
  await finder.find('a', signal);
  assert.deepEqual(asked.slice(1), ['a'], 'not for ever');
});

test('one that could not be looked for ahead is looked for when asked', async () => {
  const { asked, finder } = finderOn(['a']);
  await finder.lookAhead('a');
  assert.deepEqual(asked, []);
  assert.deepEqual(await finder.find('a', signal), { kind: 'foreign', reference: 'Patient/a' });
});

/** Overwrite only what is ours, never what is newer (facts 6.2, 6.12): the judgement as a table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSourceVersion } from '../domain/fhir/source-version.ts';
import { type Found, judge } from './look.ts';
import type { Entry } from './plan.ts';

const resourceOf = (value: number, version: number) =>
  withSourceVersion({ resourceType: 'Observation', id: 'a', status: 'final', code: { text: 'x' }, valueInteger: value }, version);
const ours: Entry = { key: 'Observation/a', resource: resourceOf(5, 20), digest: 'd', ifMatch: '1' };

const there = (resource: object, version = '4'): Found => ({ kind: 'there', resource: { ...resource }, version });
const served = { meta: { versionId: '4', lastUpdated: '2026-01-01T00:00:00Z', source: '#req' }, text: { status: 'generated' } };

const table: readonly (readonly [string, Found, boolean, string])[] = [
  ['6.12 nothing there: create', { kind: 'absent' }, false, 'write null'],
  ['6.12 deleted by somebody: a person decides', { kind: 'deleted' }, false, 'FHIR_FOREIGN_CHANGE'],
  ['6.12 deleted, and a person asked: create again', { kind: 'deleted' }, true, 'write null'],
  ['6.2 what we would write, with what servers add: same', there({ ...resourceOf(5, 20), ...served }), false, 'same 4'],
  ['6.2 the same content of an older version: same', there(resourceOf(5, 10)), false, 'same 4'],
  ['6.2 older content of ours: overwrite', there(resourceOf(4, 10)), false, 'write 4'],
  ['6.2 other content of the same version: overwrite', there(resourceOf(4, 20)), false, 'write 4'],
  ['6.2 newer than ours: never', there(resourceOf(6, 21)), true, 'FHIR_NEWER_ON_SERVER'],
  [
    '6.12 not ours: never, even on request',
    there({ resourceType: 'Observation', id: 'a', valueInteger: 5 }),
    true,
    'FHIR_FOREIGN_CHANGE',
  ],
];

for (const [name, found, force, expected] of table) {
  test(name, () => {
    const { kind, ...rest } = judge(ours, found, force);
    assert.equal(kind === 'refuse' ? Object.values(rest)[0] : `${kind} ${Object.values(rest)[0]}`, expected);
  });
}

const patient: Entry = {
  key: 'Patient/p',
  resource: withSourceVersion({ resourceType: 'Patient', id: 'p', identifier: [{ system: 's', value: '1' }] }, 1),
  digest: 'p',
  ifMatch: null,
};

test('6.12 demographics others added to a Patient stay', () => {
  const enriched = {
    resourceType: 'Patient',
    id: 'p',
    identifier: [{ system: 's', value: '1', use: 'usual' }],
    name: [{ text: 'x' }],
  };
  assert.deepEqual(judge(patient, there(enriched), true), { kind: 'same', version: '4' });
});

test('6.12 a Patient of another identifier is foreign', () => {
  const other = { resourceType: 'Patient', id: 'p', identifier: [{ system: 's', value: '2' }] };
  assert.deepEqual(judge(patient, there(other), true), { kind: 'refuse', code: 'FHIR_FOREIGN_CHANGE' });
});

test('meta is ours to tag and the server’s to fill', () => {
  const tag = { system: 's', code: 'HTEST' };
  const tagged = (meta: object): Entry => ({ ...ours, resource: { ...ours.resource, meta } as Entry['resource'] });
  const onServer = there({
    ...resourceOf(5, 20),
    meta: {
      tag: [
        { system: 'other', code: 'x' },
        { ...tag, display: 'test' },
      ],
    },
  });
  assert.equal(judge(tagged({ tag: [tag] }), onServer, false).kind, 'same');
  assert.equal(judge(tagged({ tag: [tag] }), there(resourceOf(5, 20)), false).kind, 'write');
});

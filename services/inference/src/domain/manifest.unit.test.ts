import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exampleManifest } from './examples.ts';
import { manifestProblems } from './manifest.ts';

const folder = { name: 'example', version: '1.0.0' };
const problemsOf = (changes: object): readonly string[] => manifestProblems({ ...exampleManifest, ...changes }, folder);

describe('manifest', () => {
  it('has no problems when it is whole', () => {
    assert.deepEqual(problemsOf({}), []);
    assert.deepEqual(
      problemsOf({ evidence: null, population: { minimumAgeYears: null, maximumAgeYears: null, sexes: null } }),
      [],
    );
  });

  for (const [what, changes] of [
    ['another name than its folder', { name: 'other' }],
    ['another version than its folder', { version: '2.0.0' }],
    ['no digest', { digest: '' }],
    ['an unknown kind', { kind: 'guess' }],
    ['no inputs', { inputs: [] }],
    ['an input twice', { inputs: [exampleManifest.inputs[0], exampleManifest.inputs[0]] }],
    ['an input whose minimum is above its maximum', { inputs: [{ ...exampleManifest.inputs[0], minimum: 11 }] }],
    ['a threshold outside 0..1', { outputs: { ...exampleManifest.outputs, threshold: 1.5 } }],
    ['an unknown evidence method', { evidence: { ...exampleManifest.evidence, method: 'guess' } }],
    ['evidence left out', { evidence: undefined }],
    ['a soft limit above the hard one', { limits: { softTimeoutMs: 2, hardTimeoutMs: 1, attempts: 1 } }],
    ['no attempt', { limits: { softTimeoutMs: 1, hardTimeoutMs: 1, attempts: 0 } }],
    ['no population', { population: null }],
  ] as const) {
    it(`has one problem with ${what}`, () => {
      assert.equal(problemsOf(changes).length, 1);
    });
  }

  it('reports all its problems at once', () => {
    assert.equal(problemsOf({ kind: 'x', digest: '', inputs: null }).length, 3);
    assert.deepEqual(manifestProblems([], folder), ['is not an object']);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AnalysisRequested } from '@clinstream/contracts';
import { createCatalogue } from './catalogue.ts';
import { decideRun } from './decide-run.ts';
import { exampleManifest, exampleModel, exampleRequest } from './examples.ts';

const model = exampleModel();
const catalogue = createCatalogue([model]);
const decide = (changes: Partial<AnalysisRequested> = {}, known = catalogue) => decideRun(exampleRequest(changes), known);

describe('decide run', () => {
  it('runs a job whose inputs and subject are within what the model is for', () => {
    assert.deepEqual(decide(), { kind: 'run', model, explain: false });
  });

  it('runs a job on the edges of the ranges, and one of unknown age and sex', () => {
    assert.equal(decide({ features: [0, 10] }).kind, 'run');
    assert.equal(decide({ subject: { ageYears: 18, sex: 'F' } }).kind, 'run');
    assert.equal(decide({ subject: null }).kind, 'run');
    assert.equal(decide({ subject: { ageYears: null, sex: null } }).kind, 'run');
    assert.equal(decide({ subject: { ageYears: 40, sex: 'U' } }).kind, 'run');
  });

  it('explains when the job asks for it, or the model does for all', () => {
    assert.deepEqual(decide({ evidence: true }), { kind: 'run', model, explain: true });
    const always = exampleModel({ evidence: { method: 'tree-shap', file: 't', digest: 'd', default: true } });
    assert.deepEqual(decide({}, createCatalogue([always])), { kind: 'run', model: always, explain: true });
    const never = exampleModel({ evidence: null });
    assert.deepEqual(decide({ evidence: true }, createCatalogue([never])), { kind: 'run', model: never, explain: false });
  });

  it('abstains outside the population, with every reason', () => {
    const reasonsOf = (changes: Partial<AnalysisRequested>) => {
      const decision = decide(changes);
      return decision.kind === 'abstain' ? decision.reasons : decision.kind;
    };
    assert.deepEqual(reasonsOf({ subject: { ageYears: 17, sex: null } }), ['OUTSIDE_POPULATION_AGE']);
    assert.deepEqual(reasonsOf({ subject: { ageYears: 121, sex: 'F' } }), ['OUTSIDE_POPULATION_AGE']);
    assert.deepEqual(reasonsOf({ subject: { ageYears: 40, sex: 'M' } }), ['OUTSIDE_POPULATION_SEX']);
    assert.deepEqual(reasonsOf({ features: [1, 10.001] }), ['OUTSIDE_INPUT_RANGE']);
    assert.deepEqual(reasonsOf({ features: [-0.1, 1], subject: { ageYears: 3, sex: 'M' } }), [
      'OUTSIDE_POPULATION_AGE',
      'OUTSIDE_POPULATION_SEX',
      'OUTSIDE_INPUT_RANGE',
    ]);
  });

  it('fails a job whose input was found unusable, with the code and input it came with', () => {
    const decision = decide({ inputProblem: { code: 'INPUT_MISSING', input: 'a' } });
    assert.deepEqual(decision, { kind: 'fail', model, code: 'INPUT_MISSING', input: 'a' });
  });

  it('fails a job for a model or version that is not loaded', () => {
    assert.deepEqual(decide({ model: 'other' }), { kind: 'fail', model: null, code: 'MODEL_UNKNOWN', input: null });
    assert.deepEqual(decide({ modelVersion: '9.9.9' }), {
      kind: 'fail',
      model: null,
      code: 'MODEL_VERSION_UNKNOWN',
      input: null,
    });
  });

  it('fails a job made for another set of inputs rather than misread it', () => {
    assert.deepEqual(decide({ inputSet: 'other' }), { kind: 'fail', model, code: 'INPUT_SET_MISMATCH', input: null });
    assert.deepEqual(decide({ features: [1] }), { kind: 'fail', model, code: 'INPUT_SET_MISMATCH', input: null });
  });

  it('fails a job with a value that is no number, naming the input', () => {
    assert.deepEqual(decide({ features: [1, Number.NaN] }), { kind: 'fail', model, code: 'INPUT_NOT_A_NUMBER', input: 'b' });
    assert.equal(decide({ features: [Number.POSITIVE_INFINITY, 1] }).kind, 'fail');
  });

  it('skips an event of a type it does not know', () => {
    assert.deepEqual(decide({ type: 'Unknown' }), { kind: 'skip', reason: 'UNKNOWN_EVENT_TYPE' });
  });
});

describe('catalogue', () => {
  const versions = ['1.9.0', '1.10.0', '1.2.0'].map((version) => exampleModel({ ...exampleManifest, version }));

  it('takes the newest version for a job that names none, counting in numbers', () => {
    const found = createCatalogue(versions).find('example', null);
    assert.equal(found.kind === 'found' && found.model.manifest.version, '1.10.0');
  });

  it('finds every loaded version by its own name', () => {
    for (const version of ['1.9.0', '1.10.0', '1.2.0']) {
      const found = createCatalogue(versions).find('example', version);
      assert.equal(found.kind === 'found' && found.model.manifest.version, version);
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endedEvent, endedEventId } from './ended-event.ts';
import { exampleModel, exampleRequest } from './examples.ts';

const model = exampleModel();
const times = { attempt: 2, startedAt: 10, endedAt: 25 };

describe('ended event', () => {
  it('carries what the model said, which model it was and which attempt', () => {
    const ended = endedEvent(
      exampleRequest(),
      { kind: 'completed', model, answer: { probability: 0.75, evidence: null } },
      times,
    );
    assert.equal(ended.type, 'AnalysisCompleted');
    assert.deepEqual(ended.prediction, { label: 'ill', probability: 0.75, margin: null });
    assert.deepEqual([ended.modelVersion, ended.modelDigest, ended.attempt], ['1.0.0', 'model-digest', 2]);
    assert.deepEqual([ended.startedAt, ended.endedAt, ended.evidence, ended.failure], [10, 25, null, null]);
  });

  it('labels by the manifest’s threshold, which itself is positive', () => {
    const labelAt = (probability: number) =>
      endedEvent(exampleRequest(), { kind: 'completed', model, answer: { probability, evidence: null } }, times).prediction
        ?.label;
    assert.deepEqual([labelAt(0.4999), labelAt(0.5), labelAt(1)], ['well', 'ill', 'ill']);
  });

  it('carries the evidence with the set of inputs its values follow', () => {
    const answer = { probability: 0.5, evidence: { margin: 0, baseValue: -1, values: [0.4, 0.6] } };
    const ended = endedEvent(exampleRequest(), { kind: 'completed', model, answer }, times);
    assert.deepEqual(ended.evidence, { method: 'tree-shap', inputSet: model.inputSet, baseValue: -1, values: [0.4, 0.6] });
    assert.equal(ended.prediction?.margin, 0);
  });

  it('gives reasons and no number when the model abstained', () => {
    const ended = endedEvent(exampleRequest(), { kind: 'abstain', model, reasons: ['OUTSIDE_POPULATION_AGE'] }, times);
    assert.deepEqual([ended.type, ended.reasons, ended.prediction], ['AnalysisAbstained', ['OUTSIDE_POPULATION_AGE'], null]);
  });

  it('gives a code when the job failed, also without a model', () => {
    const request = exampleRequest({ modelVersion: '7.0.0' });
    const ended = endedEvent(request, { kind: 'fail', model: null, code: 'MODEL_VERSION_UNKNOWN', input: null }, times);
    assert.deepEqual([ended.type, ended.failure], ['AnalysisFailed', { code: 'MODEL_VERSION_UNKNOWN', input: null }]);
    assert.deepEqual([ended.modelVersion, ended.modelDigest], ['7.0.0', null]);
  });

  it('has one id per job, generation and attempt', () => {
    assert.equal(endedEventId(exampleRequest({ jobId: 'j', generation: 3 }), 2), 'j:3:2:ended');
  });
});

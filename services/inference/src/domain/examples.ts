/** A small model and a job for it. Test-only. */
import { type AnalysisRequested, inputSetOf, type ModelManifest } from '@clinstream/contracts';
import type { KnownModel } from './catalogue.ts';

export const exampleManifest: ModelManifest = {
  name: 'example',
  version: '1.0.0',
  title: 'An example',
  kind: 'diagnosis',
  demonstration: true,
  file: 'model.onnx',
  digest: 'model-digest',
  inputs: [
    { name: 'a', codes: [], unit: '1', minimum: 0, maximum: 10, required: true },
    { name: 'b', codes: [], unit: '1', minimum: 0, maximum: 10, required: true },
  ],
  outputs: { positive: 'ill', negative: 'well', threshold: 0.5 },
  evidence: { method: 'tree-shap', file: 'trees.json', digest: 'trees-digest', default: false },
  orderCodes: [],
  population: { minimumAgeYears: 18, maximumAgeYears: 120, sexes: ['F'] },
  limits: { softTimeoutMs: 100, hardTimeoutMs: 500, attempts: 3 },
  licence: 'none',
};

export function exampleModel(changes: Partial<ModelManifest> = {}): KnownModel {
  const manifest = { ...exampleManifest, ...changes };
  return { manifest, inputSet: inputSetOf(manifest) };
}

export const exampleRequest = (changes: Partial<AnalysisRequested> = {}): AnalysisRequested => ({
  type: 'AnalysisRequested',
  jobId: 'job-1',
  patientKey: 'H1|A|1',
  generation: 1,
  model: 'example',
  modelVersion: null,
  inputSet: inputSetOf(exampleManifest),
  features: [1, 2],
  subject: { ageYears: 40, sex: 'F' },
  inputProblem: null,
  inputObservations: [],
  evidence: false,
  priority: 'routine',
  orderId: null,
  requestedBy: 'tester',
  requestedAt: 1_000,
  ...changes,
});

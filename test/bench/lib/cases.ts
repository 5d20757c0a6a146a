/** Deterministic benchmark jobs: 30 features inside the model's declared ranges, patients drawn from a fixed number of keys. Pure. */
import { type AnalysisRequested, inputSetOf, type ModelManifest } from '@clinstream/contracts';

/** Small deterministic generator (mulberry32), 0..1. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const patientOf = (index: number, keys: number): string => `BENCH|MRN|${String(index % keys).padStart(6, '0')}`;

export const jobIdOf = (run: string, index: number): string => `${run}-${String(index).padStart(7, '0')}`;

export function featuresOf(manifest: ModelManifest, next: () => number): readonly number[] {
  return manifest.inputs.map((input) => input.minimum + next() * (input.maximum - input.minimum));
}

export type CaseOptions = { readonly run: string; readonly keys: number; readonly evidence: boolean; readonly now: number };

export function requestOf(manifest: ModelManifest, index: number, next: () => number, options: CaseOptions): AnalysisRequested {
  return {
    type: 'AnalysisRequested',
    jobId: jobIdOf(options.run, index),
    patientKey: patientOf(index, options.keys),
    generation: 1,
    model: manifest.name,
    modelVersion: null,
    inputSet: inputSetOf(manifest),
    features: featuresOf(manifest, next),
    subject: null,
    inputProblem: null,
    inputObservations: [],
    evidence: options.evidence,
    priority: 'routine',
    orderId: null,
    requestedBy: 'bench',
    requestedAt: options.now,
  };
}

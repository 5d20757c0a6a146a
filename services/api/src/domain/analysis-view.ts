/** A job as the API shows it: names instead of positions, times as text, and whether its inputs still hold. Pure. */
import {
  type AnalysisState,
  type AnalysisStatus,
  currentReview,
  type Evidence,
  isEnded,
  type ReviewStatus,
  releasedResult,
  reviewOf,
} from '@clinstream/contracts';
import type { DeliveryView } from './delivery-view.ts';
import { isoOf } from './iso.ts';
import type { ModelNames } from './model-names.ts';

/** A stored job and what else bears on it. */
export type StoredAnalysis = {
  readonly state: AnalysisState;
  /** Input observations that were corrected since it was requested, or are withdrawn. */
  readonly staleInputs: readonly string[];
  /** Its patient's record took part in a merge while it was in flight. */
  readonly mergedInFlight: boolean;
};

export type ReviewView = {
  readonly status: ReviewStatus;
  readonly by: string | null;
  readonly role: string | null;
  readonly at: string | null;
  readonly comment: string | null;
  readonly heldBecause: 'patient_merged' | null;
};

export type ReleasedView = {
  readonly generation: number;
  readonly attempt: number;
  readonly modelVersion: string | null;
  readonly modelDigest: string | null;
  readonly prediction: AnalysisState['prediction'];
  readonly by: string;
  readonly at: string | null;
};

export type EvidenceView = {
  readonly method: string;
  readonly space: 'margin';
  readonly baseValue: number;
  /** Strongest first. */
  readonly inputs: readonly { readonly name: string; readonly unit: string | null; readonly value: number }[];
};

export type AnalysisView = {
  readonly jobId: string;
  readonly status: AnalysisStatus;
  readonly version: number;
  readonly patientKey: string | null;
  readonly model: {
    readonly name: string;
    readonly version: string | null;
    readonly digest: string | null;
    readonly title: string | null;
    readonly kind: string | null;
    readonly demonstration: boolean | null;
  } | null;
  readonly priority: string;
  readonly orderId: string | null;
  readonly requestedBy: string | null;
  readonly generation: number;
  readonly attempt: number;
  readonly progress: { readonly stage: string | null; readonly percent: number } | null;
  readonly prediction: AnalysisState['prediction'];
  readonly evidence: EvidenceView | null;
  readonly reasons: readonly string[];
  readonly failure: AnalysisState['failure'];
  readonly inputObservations: readonly string[];
  readonly stale: boolean;
  readonly staleInputs: readonly string[];
  /** Null while there is no completed result. */
  readonly review: ReviewView | null;
  /** The newest approved result, which stays so whatever is computed later. */
  readonly released: ReleasedView | null;
  /** Left out where many analyses are shown. */
  readonly deliveries?: readonly DeliveryView[];
  readonly requestedAt: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
};

export function viewAnalysis(stored: StoredAnalysis, models: ModelNames): AnalysisView {
  const { state, staleInputs } = stored;
  return {
    jobId: state.jobId,
    status: state.status,
    version: state.version,
    patientKey: state.patientKey,
    model: viewModel(state, models),
    priority: state.priority,
    orderId: state.orderId,
    requestedBy: state.requestedBy,
    generation: state.generation,
    attempt: state.attempt,
    progress: state.status === 'running' ? { stage: state.stage, percent: state.percent } : null,
    prediction: state.prediction,
    evidence: state.evidence === null ? null : viewEvidence(state.evidence, state.model, models),
    reasons: state.reasons,
    failure: state.failure,
    inputObservations: state.inputObservations,
    stale: staleInputs.length > 0,
    staleInputs,
    review: viewReview(stored),
    released: viewReleased(state),
    requestedAt: isoOf(state.requestedAt),
    startedAt: isoOf(state.startedAt),
    endedAt: isEnded(state.status) ? isoOf(state.endedAt) : null,
  };
}

/** What is known of a job whose events the projection has not read yet: nothing but its id. */
export const viewPending = (jobId: string): AnalysisView => ({
  jobId,
  status: 'pending',
  version: 0,
  patientKey: null,
  model: null,
  priority: 'unknown',
  orderId: null,
  requestedBy: null,
  generation: 0,
  attempt: 0,
  progress: null,
  prediction: null,
  evidence: null,
  reasons: [],
  failure: null,
  inputObservations: [],
  stale: false,
  staleInputs: [],
  review: null,
  released: null,
  requestedAt: null,
  startedAt: null,
  endedAt: null,
});

function viewReview({ state, mergedInFlight }: StoredAnalysis): ReviewView | null {
  const status = reviewOf(state);
  if (status === null) return null;
  const review = currentReview(state);
  return {
    status,
    by: review?.reviewer ?? null,
    role: review?.reviewerRole ?? null,
    at: isoOf(review?.at ?? null),
    comment: review?.comment ?? null,
    heldBecause: mergedInFlight && status === 'pending' ? 'patient_merged' : null,
  };
}

function viewReleased(state: AnalysisState): ReleasedView | null {
  const released = releasedResult(state);
  if (released === null) return null;
  const { generation, attempt, modelVersion, modelDigest, prediction, reviewer: by, at } = released;
  return { generation, attempt, modelVersion, modelDigest, prediction, by, at: isoOf(at) };
}

function viewModel({ model, modelVersion, modelDigest }: AnalysisState, models: ModelNames): AnalysisView['model'] {
  if (model === null) return null;
  const manifest = models.find(model, modelVersion);
  return {
    name: model,
    version: modelVersion,
    digest: modelDigest,
    title: manifest?.title ?? null,
    kind: manifest?.kind ?? null,
    demonstration: manifest?.demonstration ?? null,
  };
}

/** Without the manifest the values keep their positions as names: shown, never guessed. */
function viewEvidence({ method, inputSet, baseValue, values }: Evidence, model: string | null, models: ModelNames): EvidenceView {
  const declared = models.inputsOf(model, inputSet);
  const inputs = values.map((value, index) => ({
    name: declared?.[index]?.name ?? `input ${index + 1}`,
    unit: declared?.[index]?.unit ?? null,
    value,
  }));
  return { method, space: 'margin', baseValue, inputs: inputs.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)) };
}

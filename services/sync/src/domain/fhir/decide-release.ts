/**
 * Which result of a job may stand in FHIR (facts 6.5, 6.10). Pure.
 *
 *   approved, newest of them ─────────────> release (final; amended when it succeeds an approved one)
 *   unreviewed, where that is allowed ────> release (preliminary)
 *   rejected, failed, input withdrawn,
 *   unreviewed and merged in flight ──────> withdraw: what stands there is entered in error; where nothing stands, nothing is written
 *   still running, or being run again,
 *   unreviewed of a record merged away ───> wait: what stands there stays
 */
import {
  type AnalysisReview,
  type AnalysisState,
  isEnded,
  type ObservationState,
  releasedResult,
  reviewOf,
} from '@clinstream/contracts';
import { wasMergedWhile } from '../known-patient.ts';
import { isInput } from '../subject.ts';
import type { HeldCode, RenderContext } from './types.ts';

/** One computed result, reviewed or not. */
export type Result = Pick<
  AnalysisReview,
  'generation' | 'attempt' | 'model' | 'modelVersion' | 'modelDigest' | 'evidence' | 'inputObservations' | 'endedAt'
> & { readonly prediction: NonNullable<AnalysisReview['prediction']> };

export type Release = {
  readonly result: Result;
  readonly status: 'final' | 'amended' | 'preliminary';
  /** Who approved it; null: nobody has. */
  readonly review: AnalysisReview | null;
  /** Inputs that were corrected since; with any, the result is not what the model would say now. */
  readonly corrected: readonly ObservationState[];
};

export type ReleaseDecision =
  | { readonly kind: 'release'; readonly release: Release }
  | { readonly kind: 'withdraw'; readonly reason: string; readonly held: HeldCode }
  | { readonly kind: 'wait'; readonly held: HeldCode };

export function decideRelease(state: AnalysisState, context: RenderContext): ReleaseDecision {
  const review = releasedResult(state);
  const candidate = review ?? unreviewed(state, context);
  if (candidate === null) return withoutResult(state);
  const { observations, order, patient } = context.related;
  const inputs = observations.filter((one) => isInput(one, candidate.inputObservations, order));
  if (inputs.some(({ status }) => status === 'entered_in_error')) {
    return { kind: 'withdraw', reason: 'An input was withdrawn by the laboratory.', held: 'INPUT_WITHDRAWN' };
  }
  const { prediction } = candidate;
  if (prediction === null) return withoutPrediction;
  if (review === null && patient !== null && wasMergedWhile(patient, state)) return mergedInFlight;
  if (review === null && patient !== null && patient.mergedInto !== null) return { kind: 'wait', held: 'PATIENT_MERGED' };
  const status = review === null ? 'preliminary' : succeedsApproved(state, review) ? 'amended' : 'final';
  const corrected = inputs.filter((input) => isCorrectedSince(input, candidate, state));
  return { kind: 'release', release: { result: { ...candidate, prediction }, status, review, corrected } };
}

/** Nobody knows for sure whom it is about (facts 6.4), also when it left before the merge was read. A reviewer has looked at who the patient is. */
const mergedInFlight: ReleaseDecision = {
  kind: 'withdraw',
  reason: 'The patient was merged while the analysis ran, and nobody has reviewed its result.',
  held: 'PATIENT_MERGED',
};

type Candidate = Omit<Result, 'prediction'> & Pick<AnalysisReview, 'prediction'>;

/** The current result, where results leave without a review and nobody has rejected it. */
function unreviewed(state: AnalysisState, { settings }: RenderContext): Candidate | null {
  if (!settings.releaseUnreviewed || reviewOf(state) !== 'pending' || state.model === null) return null;
  return { ...state, model: state.model };
}

const succeedsApproved = (state: AnalysisState, review: AnalysisReview): boolean =>
  state.reviews.some((other) => other !== review && other.decision === 'approved');

function withoutResult(state: AnalysisState): ReleaseDecision {
  const review = reviewOf(state);
  const isRejected = state.reviews.some(({ decision }) => decision === 'rejected');
  if (review === 'pending') return { kind: 'withdraw', reason: rejectedWords, held: 'REVIEW_PENDING' };
  if (review === 'rejected') return { kind: 'withdraw', reason: rejectedWords, held: 'REVIEW_REJECTED' };
  if (isEnded(state.status)) return withoutPrediction;
  return isRejected
    ? { kind: 'withdraw', reason: rejectedWords, held: 'ANALYSIS_NOT_ENDED' }
    : { kind: 'wait', held: 'ANALYSIS_NOT_ENDED' };
}

const rejectedWords = 'This result is not released any more.';
const withoutPrediction: ReleaseDecision = {
  kind: 'withdraw',
  reason: 'The analysis was repeated and gave no result.',
  held: 'ANALYSIS_WITHOUT_RESULT',
};

const corrections: readonly string[] = ['corrected', 'amended', 'cancelled'];

/** What was corrected before the job was asked for is what the model saw. */
function isCorrectedSince(input: ObservationState, result: Candidate, state: AnalysisState): boolean {
  const askedAt = result.generation === state.requestedGeneration ? state.requestedAt : result.endedAt;
  return corrections.includes(input.status) && input.sourceVersion > (askedAt ?? 0);
}

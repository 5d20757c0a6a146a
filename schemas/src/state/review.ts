/**
 * What people said about the results of one job (ADR 0012). Pure.
 *
 * A review names one result by generation and attempt and carries it, so what was approved stands whatever is computed later: reprocessing
 * makes a new result that waits for a review of its own, and never touches an approved one.
 *
 * Promise: of each result the newest review counts (by `at`; of one moment a rejection before an approval), so the order and number of
 * deliveries do not matter. Non-promise: that the judged result was ever computed; the API sees to that before it publishes.
 */
import type { AnalysisReviewed, Evidence, Prediction } from '../generated/types.ts';
import type { AnalysisState } from './analysis.ts';
import { compareRanks } from './rank.ts';

export type ReviewDecision = 'approved' | 'rejected';
/** Of the current result; null: there is nothing to review. */
export type ReviewStatus = 'pending' | ReviewDecision;

/** One judged result and the judgement. */
export type AnalysisReview = {
  readonly generation: number;
  readonly attempt: number;
  readonly model: string;
  readonly modelVersion: string | null;
  readonly modelDigest: string | null;
  readonly prediction: Prediction | null;
  readonly evidence: Evidence | null;
  readonly reasons: readonly string[];
  readonly inputObservations: readonly string[];
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly decision: ReviewDecision;
  readonly reviewer: string;
  readonly reviewerRole: string;
  readonly comment: string | null;
  readonly at: number;
};

const decisions = { AnalysisApproved: 'approved', AnalysisRejected: 'rejected' } as const;

/** The reviews after one more, in order of generation and attempt; the very same list when it changes nothing. */
export function withReview(reviews: readonly AnalysisReview[], event: AnalysisReviewed): readonly AnalysisReview[] {
  if (event.type === 'Unknown') return reviews;
  const review = reviewFrom(event, decisions[event.type]);
  const known = reviews.find((other) => isOfSameResult(other, review));
  if (known !== undefined && !isNewer(review, known)) return reviews;
  return [...reviews.filter((other) => other !== known), review].sort((a, b) => compareRanks(resultRank(a), resultRank(b)));
}

/** The review of the current result; null when it has none. */
export function currentReview(state: AnalysisState): AnalysisReview | null {
  if (state.status !== 'completed') return null;
  return state.reviews.find((review) => isOfSameResult(review, state) && review.modelDigest === state.modelDigest) ?? null;
}

/** Where the current result stands with its reviewers; null while there is no result to review. */
export function reviewOf(state: AnalysisState): ReviewStatus | null {
  if (state.status !== 'completed') return null;
  return currentReview(state)?.decision ?? 'pending';
}

/** The newest approved result, which is what may leave; null when nothing is approved. */
export const releasedResult = (state: AnalysisState): AnalysisReview | null =>
  state.reviews.findLast((review) => review.decision === 'approved') ?? null;

type ResultName = { readonly generation: number; readonly attempt: number };
const resultRank = ({ generation, attempt }: ResultName): readonly number[] => [generation, attempt];
const isOfSameResult = (a: ResultName, b: ResultName): boolean => a.generation === b.generation && a.attempt === b.attempt;

/** A total order, whatever two reviewers did in the same millisecond. */
function isNewer(review: AnalysisReview, known: AnalysisReview): boolean {
  const weight = ({ at, decision }: AnalysisReview): readonly number[] => [at, decision === 'rejected' ? 1 : 0];
  const difference = compareRanks(weight(review), weight(known));
  return difference > 0 || (difference === 0 && JSON.stringify(review) > JSON.stringify(known));
}

const reviewFrom = (event: AnalysisReviewed, decision: ReviewDecision): AnalysisReview => ({
  generation: event.generation,
  attempt: event.attempt,
  model: event.model,
  modelVersion: event.modelVersion,
  modelDigest: event.modelDigest,
  prediction: event.prediction,
  evidence: event.evidence,
  reasons: event.reasons,
  inputObservations: event.inputObservations,
  startedAt: event.startedAt,
  endedAt: event.endedAt,
  decision,
  reviewer: event.reviewer,
  reviewerRole: event.reviewerRole,
  comment: event.comment,
  at: event.at,
});

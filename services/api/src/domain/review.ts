/** Whether a person may judge this result as they ask to, and the event that says so (facts 6.5, 6.10). Pure. */
import { type AnalysisReviewed, type AnalysisState, currentReview, deterministicId } from '@clinstream/contracts';
import type { StoredAnalysis } from './analysis-view.ts';

/** What the reviewer looked at and decided. */
export type ReviewRequest = {
  readonly decision: 'approve' | 'reject';
  readonly comment?: string | null;
  readonly generation: number;
  readonly attempt: number;
  readonly modelVersion: string | null;
  readonly modelDigest: string | null;
};
export type Reviewer = { readonly subject: string; readonly role: string };
export type ReviewRefusal = 'REVIEW_NOT_COMPLETED' | 'REVIEW_NOT_CURRENT' | 'REVIEW_STALE';
export type ReviewDecided =
  | { readonly refused: ReviewRefusal }
  | { readonly refused: null; readonly event: AnalysisReviewed; readonly eventId: string };

/** The same judgement by the same person again is the same event: it takes effect once. */
export function decideReview(stored: StoredAnalysis, asked: ReviewRequest, reviewer: Reviewer, now: number): ReviewDecided {
  const { state, staleInputs } = stored;
  // Named first: whoever looked at an older result is told so, whatever has become of the job since.
  if (!isCurrent(state, asked)) return { refused: 'REVIEW_NOT_CURRENT' };
  if (state.status !== 'completed') return { refused: 'REVIEW_NOT_COMPLETED' };
  if (asked.decision === 'approve' && staleInputs.length > 0) return { refused: 'REVIEW_STALE' };
  const event = eventOf(state, asked, reviewer, atOf(state, asked, reviewer, now));
  return { refused: null, event, eventId: eventIdOf(event) };
}

const isCurrent = (state: AnalysisState, asked: ReviewRequest): boolean =>
  state.generation === asked.generation &&
  state.attempt === asked.attempt &&
  state.modelVersion === asked.modelVersion &&
  state.modelDigest === asked.modelDigest;

const typeOf = { approve: 'AnalysisApproved', reject: 'AnalysisRejected' } as const;
const decisionOf = { approve: 'approved', reject: 'rejected' } as const;

/** Later than the review it replaces, whatever the clocks of two instances say: the newest counts. */
function atOf(state: AnalysisState, { decision, comment = null }: ReviewRequest, { subject }: Reviewer, now: number): number {
  const known = currentReview(state);
  if (known === null) return now;
  const isSame = known.reviewer === subject && known.decision === decisionOf[decision] && known.comment === comment;
  return isSame ? known.at : Math.max(now, known.at + 1);
}

const eventOf = (state: AnalysisState, asked: ReviewRequest, reviewer: Reviewer, at: number): AnalysisReviewed => ({
  type: typeOf[asked.decision],
  jobId: state.jobId,
  patientKey: state.patientKey,
  generation: state.generation,
  attempt: state.attempt,
  model: state.model ?? '',
  modelVersion: state.modelVersion,
  modelDigest: state.modelDigest,
  prediction: state.prediction,
  evidence: state.evidence,
  reasons: state.reasons,
  inputObservations: state.inputObservations,
  startedAt: state.startedAt,
  endedAt: state.endedAt,
  reviewer: reviewer.subject,
  reviewerRole: reviewer.role,
  comment: asked.comment ?? null,
  at,
});

const eventIdOf = ({ type, jobId, generation, attempt, reviewer, comment, at }: AnalysisReviewed): string =>
  deterministicId('review', jobId, String(generation), String(attempt), type, reviewer, comment ?? '', String(at));

/**
 * The state of one AI job as a pure reducer of its events, shared by every service that shows or forwards jobs (ADR 0004).
 *
 *   pending ──requested──> queued ──started──> running ──ended──> completed | abstained | failed | cancelled
 *
 * Promise: the result does not depend on the order or number of deliveries, apart from `version` and from two different events of equal
 * rank, of which the first in the log stays. Rank = (generation, ended, attempt, stage, percent), highest wins: a late lower attempt, a
 * replay or a redelivery never replaces newer state. An end that comes before its request makes a row that the request completes.
 * Held as given: a job's model and patient are the same in all its events. A run's start is the earliest moment its events name.
 */
import type {
  AnalysisEnded,
  AnalysisProgressed,
  AnalysisRequested,
  AnalysisReviewed,
  Evidence,
  Failure,
  Prediction,
  Priority,
} from '../generated/types.ts';
import { compareRanks } from './rank.ts';
import { type AnalysisReview, withReview } from './review.ts';

export type AnalysisStatus = 'pending' | 'queued' | 'running' | 'completed' | 'abstained' | 'failed' | 'cancelled';
export type AnalysisEvent = AnalysisRequested | AnalysisProgressed | AnalysisEnded | AnalysisReviewed;

export type AnalysisState = {
  readonly jobId: string;
  readonly patientKey: string | null;
  readonly model: string | null;
  readonly modelVersion: string | null;
  readonly modelDigest: string | null;
  readonly priority: Priority;
  readonly orderId: string | null;
  readonly requestedBy: string | null;
  /** Generation of the newest request seen; 0 while none was. */
  readonly requestedGeneration: number;
  readonly requestedAt: number | null;
  readonly inputObservations: readonly string[];
  readonly status: AnalysisStatus;
  readonly generation: number;
  readonly attempt: number;
  readonly stage: string | null;
  readonly percent: number;
  readonly prediction: Prediction | null;
  readonly evidence: Evidence | null;
  readonly reasons: readonly string[];
  readonly failure: Failure | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** The newest review of each result that was ever reviewed, in order of generation and attempt (review.ts). */
  readonly reviews: readonly AnalysisReview[];
  /** Grows by one with every change a reader can see; the SSE event id. */
  readonly version: number;
};

const endStatus = {
  AnalysisCompleted: 'completed',
  AnalysisAbstained: 'abstained',
  AnalysisFailed: 'failed',
  AnalysisCancelled: 'cancelled',
} as const satisfies Readonly<Record<string, AnalysisStatus>>;

export const isEnded = (status: AnalysisStatus): boolean =>
  status === 'completed' || status === 'abstained' || status === 'failed' || status === 'cancelled';

/** The state after one more event; the very same object when the event changes nothing. */
export function reduceAnalysis(state: AnalysisState | null, event: AnalysisEvent): AnalysisState | null {
  switch (event.type) {
    case 'AnalysisRequested':
      return applyRequest(state ?? emptyAnalysis(event.jobId, event.patientKey), event as AnalysisRequested);
    case 'AnalysisStarted':
    case 'AnalysisProgressed':
    case 'AnalysisRetried':
      return applyProgress(state ?? emptyAnalysis(event.jobId, event.patientKey), event as AnalysisProgressed);
    case 'AnalysisCompleted':
    case 'AnalysisAbstained':
    case 'AnalysisFailed':
    case 'AnalysisCancelled':
      return applyEnd(state ?? emptyAnalysis(event.jobId, event.patientKey), event as AnalysisEnded, endStatus[event.type]);
    case 'AnalysisApproved':
    case 'AnalysisRejected':
      return applyReview(state ?? emptyAnalysis(event.jobId, event.patientKey), event as AnalysisReviewed);
    case 'Unknown':
      return state;
  }
}

function emptyAnalysis(jobId: string, patientKey: string | null): AnalysisState {
  return {
    jobId,
    patientKey,
    model: null,
    modelVersion: null,
    modelDigest: null,
    priority: 'unknown',
    orderId: null,
    requestedBy: null,
    requestedGeneration: 0,
    requestedAt: null,
    inputObservations: [],
    status: 'pending',
    generation: 0,
    attempt: 0,
    stage: null,
    percent: 0,
    prediction: null,
    evidence: null,
    reasons: [],
    failure: null,
    startedAt: null,
    endedAt: null,
    reviews: [],
    version: 0,
  };
}

function applyRequest(state: AnalysisState, event: AnalysisRequested): AnalysisState {
  if (event.generation <= state.requestedGeneration) return state;
  const described: AnalysisState = {
    ...state,
    model: state.model ?? event.model,
    priority: event.priority,
    orderId: event.orderId,
    requestedBy: event.requestedBy,
    requestedGeneration: event.generation,
    requestedAt: event.requestedAt,
    inputObservations: event.inputObservations,
    version: state.version + 1,
  };
  if (event.generation < state.generation || isEndedIn(state, event.generation)) return described;
  if (event.generation === state.generation) return { ...described, modelVersion: event.modelVersion };
  return {
    ...described,
    status: 'queued',
    model: event.model,
    modelVersion: event.modelVersion,
    modelDigest: null,
    generation: event.generation,
    attempt: 0,
    ...nothingEnded,
    startedAt: null,
  };
}

const nothingEnded = {
  stage: null,
  percent: 0,
  prediction: null,
  evidence: null,
  reasons: [],
  failure: null,
  endedAt: null,
} as const;

function applyProgress(state: AnalysisState, event: AnalysisProgressed): AnalysisState {
  const rank = [event.generation, 0, event.attempt, 1, event.percent];
  const startedAt = event.generation === state.generation ? Math.min(state.startedAt ?? event.at, event.at) : event.at;
  if (compareRanks(rank, rankOf(state)) <= 0) return startedEarlier(state, event.generation, startedAt);
  return {
    ...state,
    ...nothingEnded,
    status: 'running',
    // Of a generation whose request has not come yet nobody has said the version.
    modelVersion: event.generation === state.requestedGeneration ? state.modelVersion : null,
    modelDigest: null,
    generation: event.generation,
    attempt: event.attempt,
    stage: event.stage,
    percent: event.percent,
    startedAt,
    version: state.version + 1,
  };
}

/** All that an event of lower rank can still tell of a run: that it began before. */
function startedEarlier(state: AnalysisState, generation: number, startedAt: number): AnalysisState {
  const isNews = state.status === 'running' && generation === state.generation && startedAt !== state.startedAt;
  return isNews ? { ...state, startedAt, version: state.version + 1 } : state;
}

function applyEnd(state: AnalysisState, event: AnalysisEnded, status: AnalysisStatus): AnalysisState {
  const rank = [event.generation, 1, event.attempt, 0, 0];
  if (compareRanks(rank, rankOf(state)) <= 0) return modelNamed(state, event);
  return {
    ...state,
    status,
    model: event.model,
    modelVersion: event.modelVersion,
    modelDigest: event.modelDigest,
    generation: event.generation,
    attempt: event.attempt,
    stage: null,
    percent: 100,
    prediction: event.prediction,
    evidence: event.evidence,
    reasons: event.reasons,
    failure: event.failure,
    startedAt: event.startedAt,
    endedAt: event.endedAt,
    version: state.version + 1,
  };
}

/** All that an end of lower rank can still tell: which model the job is for. */
const modelNamed = (state: AnalysisState, event: AnalysisEnded): AnalysisState =>
  state.model === null ? { ...state, model: event.model, version: state.version + 1 } : state;

/** A review stands beside what is computed and moves none of it; one that comes first makes a row that the other events complete. */
function applyReview(state: AnalysisState, event: AnalysisReviewed): AnalysisState {
  const reviews = withReview(state.reviews, event);
  if (reviews === state.reviews) return state;
  return { ...state, model: state.model ?? event.model, reviews, version: state.version + 1 };
}

const isEndedIn = (state: AnalysisState, generation: number): boolean => isEnded(state.status) && state.generation === generation;

function rankOf(state: AnalysisState): readonly number[] {
  if (isEnded(state.status)) return [state.generation, 1, state.attempt, 0, 0];
  return [state.generation, 0, state.attempt, state.status === 'running' ? 1 : 0, state.percent];
}

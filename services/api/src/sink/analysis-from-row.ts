/** Stored rows -> the state they were written from. Pure. */
import type { AnalysisState, Evidence, Prediction } from '@clinstream/contracts';
import type { KnownAnalysis, StoredAnalysisRow } from './analysis-tables.ts';
import { reviewsFromText } from './review-table.ts';

export const knownFromRow = (row: StoredAnalysisRow): KnownAnalysis => ({
  state: analysisFromRow(row),
  askVersion: row.ask_version,
  runVersion: row.run_version,
  reviewVersion: row.review_version,
});

export function analysisFromRow(row: StoredAnalysisRow): AnalysisState {
  return {
    jobId: row.job_id,
    patientKey: row.patient_key,
    model: row.model,
    modelVersion: row.run_version === null ? row.asked_model_version : row.model_version,
    modelDigest: row.model_digest,
    priority: row.priority,
    orderId: row.order_id,
    requestedBy: row.requested_by,
    requestedGeneration: row.requested_generation,
    requestedAt: row.requested_at,
    inputObservations: row.input_observations,
    status: row.status ?? (row.requested_generation > 0 ? 'queued' : 'pending'),
    // A job that waits for the first time has no run; it is of the generation that was requested.
    generation: row.generation ?? row.requested_generation,
    attempt: row.attempt ?? 0,
    stage: row.stage,
    percent: row.percent ?? 0,
    prediction: predictionOf(row),
    evidence: evidenceOf(row),
    reasons: row.reasons ?? [],
    failure: row.failure_code === null ? null : { code: row.failure_code, input: row.failure_input },
    startedAt: row.started_at,
    endedAt: row.ended_at,
    reviews: reviewsFromText(row.reviews),
    version: Math.max(row.ask_version, row.run_version ?? 0, row.review_version ?? 0),
  };
}

function predictionOf({ label, probability, margin }: StoredAnalysisRow): Prediction | null {
  return label === null || probability === null ? null : { label, probability, margin };
}

function evidenceOf(row: StoredAnalysisRow): Evidence | null {
  if (row.evidence_method === null) return null;
  return {
    method: row.evidence_method,
    inputSet: row.evidence_input_set ?? '',
    baseValue: row.evidence_base_value ?? 0,
    values: row.evidence_values ?? [],
  };
}

/**
 * What is stored of the jobs a flush touches and memory does not know.
 * Why = ANY and no lock on the rows: the version check of update-rows.ts finds a row that changed since.
 */
import type { Queryable } from '@clinstream/runtime/postgres';
import type { StoredAnalysisRow } from '../analysis-tables.ts';
import { anyOf } from './any-of.ts';

export const storedAnalysisColumns = `a.job_id, a.patient_key, a.model, a.asked_model_version, a.priority, a.order_id, a.requested_by,
  a.requested_generation, a.requested_at, a.input_observations, a.version AS ask_version,
  r.status, r.generation, r.attempt, r.stage, r.percent, r.model_version, r.model_digest, r.label, r.probability, r.margin,
  r.evidence_method, r.evidence_input_set, r.evidence_base_value, r.evidence_values, r.reasons, r.failure_code, r.failure_input,
  r.started_at, r.ended_at, r.version AS run_version,
  v.reviews, v.version AS review_version`;

export const storedAnalysisTables =
  'api.analyses a LEFT JOIN api.analysis_runs r USING (job_id) LEFT JOIN api.analysis_reviews v USING (job_id)';

export const loadAnalysesStatement = {
  name: 'sink load analyses',
  text: `SELECT ${storedAnalysisColumns} FROM ${storedAnalysisTables}
WHERE a.job_id = ${anyOf('$1')}`,
};

export const loadAnalyses = async (tx: Queryable, jobIds: readonly string[]): Promise<readonly StoredAnalysisRow[]> =>
  jobIds.length === 0 ? [] : (await tx.query<StoredAnalysisRow>(loadAnalysesStatement, [jobIds])).rows;

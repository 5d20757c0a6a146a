/**
 * One AI job in two tables: what was asked (api.analyses) and what became of it (api.analysis_runs, absent while the job waits for the
 * first time); reviews have a third (review-table.ts). Two, because then both are written once in normal life and can be copied in, three times cheaper than one row written twice.
 */
import type { AnalysisState } from '@clinstream/contracts';
import { sortAtOf } from '../domain/queue-depth.ts';
import { column, type Table } from './sql/table.ts';

/** A job as stored: its state and the version of each of its rows, null where there is none. */
export type KnownAnalysis = {
  readonly state: AnalysisState;
  readonly askVersion: number | null;
  readonly runVersion: number | null;
  readonly reviewVersion: number | null;
};

export const asks: Table<AnalysisState> = {
  name: 'api.analyses',
  key: 'job_id',
  columns: [
    column('job_id', 'text', (s) => s.jobId),
    column('patient_key', 'text', (s) => s.patientKey),
    column('model', 'text', (s) => s.model),
    column('asked_model_version', 'text', (s) => s.modelVersion),
    column('priority', 'text', (s) => s.priority),
    column('order_id', 'text', (s) => s.orderId),
    column('requested_by', 'text', (s) => s.requestedBy),
    column('requested_generation', 'integer', (s) => s.requestedGeneration),
    column('requested_at', 'bigint', (s) => s.requestedAt),
    column('input_observations', 'text[]', (s) => s.inputObservations),
    column('sort_at', 'bigint', sortAtOf),
    column('version', 'integer', (s) => s.version),
  ],
};

export const runs: Table<AnalysisState> = {
  name: 'api.analysis_runs',
  key: 'job_id',
  columns: [
    column('job_id', 'text', (s) => s.jobId),
    column('status', 'text', (s) => s.status),
    column('generation', 'integer', (s) => s.generation),
    column('attempt', 'integer', (s) => s.attempt),
    column('stage', 'text', (s) => s.stage),
    column('percent', 'integer', (s) => s.percent),
    column('model_version', 'text', (s) => s.modelVersion),
    column('model_digest', 'text', (s) => s.modelDigest),
    column('label', 'text', (s) => s.prediction?.label ?? null),
    column('probability', 'double precision', (s) => s.prediction?.probability ?? null),
    column('margin', 'double precision', (s) => s.prediction?.margin ?? null),
    column('evidence_method', 'text', (s) => s.evidence?.method ?? null),
    column('evidence_input_set', 'text', (s) => s.evidence?.inputSet ?? null),
    column('evidence_base_value', 'double precision', (s) => s.evidence?.baseValue ?? null),
    column('evidence_values', 'double precision[]', (s) => s.evidence?.values ?? null),
    column('reasons', 'text[]', (s) => s.reasons),
    column('failure_code', 'text', (s) => s.failure?.code ?? null),
    column('failure_input', 'text', (s) => s.failure?.input ?? null),
    column('started_at', 'bigint', (s) => s.startedAt),
    column('ended_at', 'bigint', (s) => s.endedAt),
    column('sort_at', 'bigint', sortAtOf),
    column('version', 'integer', (s) => s.version),
  ],
};

/** Whether the row of `asks` would differ. */
export function askDiffers(a: AnalysisState, b: AnalysisState): boolean {
  return (
    a.requestedGeneration !== b.requestedGeneration ||
    a.model !== b.model ||
    a.patientKey !== b.patientKey ||
    sortAtOf(a) !== sortAtOf(b)
  );
}

/** Whether the row of `runs` would differ. */
export function runDiffers(a: AnalysisState, b: AnalysisState): boolean {
  return (
    a.status !== b.status ||
    a.generation !== b.generation ||
    a.attempt !== b.attempt ||
    a.percent !== b.percent ||
    a.stage !== b.stage ||
    a.modelVersion !== b.modelVersion ||
    a.startedAt !== b.startedAt ||
    sortAtOf(a) !== sortAtOf(b)
  );
}

/** What the tables hold of one job; columns of a run and of reviews are null where there is none. */
export type StoredAnalysisRow = {
  readonly job_id: string;
  readonly patient_key: string | null;
  readonly model: string | null;
  readonly asked_model_version: string | null;
  readonly priority: AnalysisState['priority'];
  readonly order_id: string | null;
  readonly requested_by: string | null;
  readonly requested_generation: number;
  readonly requested_at: number | null;
  readonly input_observations: readonly string[];
  readonly ask_version: number;
  readonly status: AnalysisState['status'] | null;
  readonly generation: number | null;
  readonly attempt: number | null;
  readonly stage: string | null;
  readonly percent: number | null;
  readonly model_version: string | null;
  readonly model_digest: string | null;
  readonly label: string | null;
  readonly probability: number | null;
  readonly margin: number | null;
  readonly evidence_method: string | null;
  readonly evidence_input_set: string | null;
  readonly evidence_base_value: number | null;
  readonly evidence_values: readonly number[] | null;
  readonly reasons: readonly string[] | null;
  readonly failure_code: string | null;
  readonly failure_input: string | null;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly run_version: number | null;
  readonly reviews: string | null;
  readonly review_version: number | null;
};

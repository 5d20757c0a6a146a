/**
 * Jobs as the API shows them, by id. One statement for all that are asked for at the same moment (job-watch.ts).
 * Stale: an input observation was corrected (C) after the job was requested, also when it is final again by now, or it is withdrawn
 * (D, W) or cancelled (X), whenever that was (facts 6.5). Also one that came under the laboratory's number: then the order says so.
 * Merged in flight: a merge of the patient's record, as the retired or the surviving one, came between request and end (facts 6.4).
 */
import type { Queryable } from '@clinstream/runtime/postgres';
import type { StoredAnalysis } from '../../domain/analysis-view.ts';
import { type CorrectedOfOrder, staleInputsOf } from '../../domain/stale-inputs.ts';
import { analysisFromRow } from '../../sink/analysis-from-row.ts';
import type { StoredAnalysisRow } from '../../sink/analysis-tables.ts';
import { anyOf } from '../../sink/sql/any-of.ts';
import { storedAnalysisColumns, storedAnalysisTables } from '../../sink/sql/load-analyses.ts';

export type ReadAnalysisRow = StoredAnalysisRow & {
  readonly sort_at: number;
  readonly stale_inputs: readonly string[];
  readonly corrected_of_order: readonly CorrectedOfOrder[];
  readonly merged_in_flight: boolean;
};

const mergedWhile = (patient: string): string => `EXISTS (SELECT 1 FROM api.patients p
  WHERE ${patient} = a.patient_key AND p.merged_into IS NOT NULL AND p.merged_at >= a.requested_at
  AND (r.ended_at IS NULL OR p.merged_at <= r.ended_at))`;

const isTakenBack = `(o.corrected_at > a.requested_at OR o.status IN ('cancelled', 'entered_in_error'))`;

export const readAnalysisColumns = `${storedAnalysisColumns}, a.sort_at, ARRAY(
  SELECT o.observation_id FROM api.observations o
  WHERE o.observation_id = ANY (a.input_observations) AND ${isTakenBack}
  ORDER BY 1) AS stale_inputs,
  to_json(ARRAY(
  SELECT json_build_array(x.placer_authority, x.placer_number, o.code, o.code_system, coalesce(o.sub_id, ''))
  FROM api.orders x JOIN api.observations o ON o.order_id = x.order_id AND o.corrected_at IS NOT NULL
  WHERE x.order_id = a.order_id AND cardinality(a.input_observations) > 0 AND ${isTakenBack}
  ORDER BY o.observation_id)) AS corrected_of_order,
  ${mergedWhile('p.patient_key')} OR ${mergedWhile('p.merged_into')} AS merged_in_flight`;

export const readAnalysesStatement = {
  name: 'api read analyses',
  text: `SELECT ${readAnalysisColumns} FROM ${storedAnalysisTables}
WHERE a.job_id = ${anyOf('$1')}`,
};

export const storedFromRow = (row: ReadAnalysisRow): StoredAnalysis => ({
  state: analysisFromRow(row),
  staleInputs: staleInputsOf(row.stale_inputs, row.corrected_of_order, row.input_observations),
  mergedInFlight: row.merged_in_flight,
});

export async function readAnalyses(db: Queryable, jobIds: readonly string[]): Promise<ReadonlyMap<string, StoredAnalysis>> {
  const { rows } = await db.query<ReadAnalysisRow>(readAnalysesStatement, [jobIds]);
  return new Map(rows.map((row) => [row.job_id, storedFromRow(row)]));
}

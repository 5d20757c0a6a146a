/**
 * Jobs as the API shows them, by id. One statement for all that are asked for at the same moment (job-watch.ts).
 * Stale: an input observation was corrected (C), cancelled (X) or withdrawn (D, W) and that was logged after the job was requested.
 */
import type { Queryable } from '@clinstream/runtime/postgres';
import type { StoredAnalysis } from '../../domain/analysis-view.ts';
import { analysisFromRow } from '../../sink/analysis-from-row.ts';
import type { StoredAnalysisRow } from '../../sink/analysis-tables.ts';
import { storedAnalysisColumns } from '../../sink/sql/load-analyses.ts';

export type ReadAnalysisRow = StoredAnalysisRow & { readonly sort_at: number; readonly stale_inputs: readonly string[] };

export const readAnalysisColumns = `${storedAnalysisColumns}, a.sort_at, ARRAY(
  SELECT o.observation_id FROM api.observations o
  WHERE o.observation_id = ANY (a.input_observations) AND o.changed_at > a.requested_at
    AND o.status IN ('corrected', 'cancelled', 'entered_in_error') ORDER BY 1) AS stale_inputs`;

export const readAnalysesStatement = {
  name: 'api read analyses',
  text: `SELECT ${readAnalysisColumns} FROM api.analyses a LEFT JOIN api.analysis_runs r USING (job_id)
WHERE a.job_id = ANY ($1::text[])`,
};

export const storedFromRow = (row: ReadAnalysisRow): StoredAnalysis => ({
  state: analysisFromRow(row),
  staleInputs: row.stale_inputs,
});

export async function readAnalyses(db: Queryable, jobIds: readonly string[]): Promise<ReadonlyMap<string, StoredAnalysis>> {
  const { rows } = await db.query<ReadAnalysisRow>(readAnalysesStatement, [jobIds]);
  return new Map(rows.map((row) => [row.job_id, storedFromRow(row)]));
}

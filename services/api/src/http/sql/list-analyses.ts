/**
 * One page of jobs, newest first, by keyset.
 *
 * Which index leads depends on the filter, so the text is built from it: by patient, by model, by time; and for the few that are neither
 * completed nor waiting, the small index on their status; by decision, the index of reviews. What waits for a review is found by
 * time: it is mostly the newest. Jobs that wait have no row in api.analysis_runs; where the oldest of them
 * stands is asked of api.queue_depth first, and nothing older is looked at. (As a value, not a subselect: the planner then knows how few.)
 */
import type { AnalysisStatus, ReviewStatus } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { Cursor } from '../../domain/cursor.ts';
import { type ReadAnalysisRow, readAnalysisColumns } from './read-analyses.ts';

export type AnalysisFilter = {
  readonly patientKey: string | null;
  readonly status: AnalysisStatus | null;
  readonly review: ReviewStatus | null;
  readonly model: string | null;
  /** Epoch milliseconds, inclusive. */
  readonly from: number | null;
  /** Exclusive. */
  readonly to: number | null;
  readonly after: Cursor | null;
  readonly limit: number;
};
/** With where the oldest waiting job stands, for lists of those. */
export type ListedFilter = AnalysisFilter & { readonly waitingSince: number | null };

export function listAnalysesStatement(filter: ListedFilter): { readonly text: string; readonly values: readonly unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const lead = leadOf(filter);
  const conditions = [
    ...filterConditions(filter, lead, bind),
    ...statusConditions(filter, bind),
    ...reviewConditions(filter, bind),
  ];
  const text = `SELECT ${readAnalysisColumns} FROM ${tablesOf(lead, filter)}
${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
ORDER BY ${lead}.sort_at DESC, ${lead}.job_id DESC LIMIT ${bind(filter.limit)}`;
  return { text, values };
}

type Lead = 'a' | 'r' | 'v';

/** Runs lead where the status is rare, reviews where only what was reviewed is wanted, unless a patient narrows it down. */
function leadOf({ patientKey, status, review }: AnalysisFilter): Lead {
  if (patientKey !== null) return 'a';
  if (status !== null && isRare(status)) return 'r';
  return review === null || review === 'pending' ? 'a' : 'v';
}

const tablesOf = (lead: Lead, { review }: AnalysisFilter): string =>
  `api.analyses a ${lead === 'a' ? 'LEFT JOIN' : 'JOIN'} api.analysis_runs r USING (job_id)
${review === null || review === 'pending' ? 'LEFT JOIN' : 'JOIN'} api.analysis_reviews v USING (job_id)`;

type Bind = (value: unknown) => string;

function filterConditions(filter: AnalysisFilter, lead: Lead, bind: Bind): readonly string[] {
  const { patientKey, model, from, to, after } = filter;
  return [
    patientKey === null ? null : `a.patient_key = ${bind(patientKey)}`,
    model === null ? null : `a.model = ${bind(model)}`,
    from === null ? null : `${lead}.sort_at >= ${bind(from)}`,
    to === null ? null : `${lead}.sort_at < ${bind(to)}`,
    after === null ? null : `(${lead}.sort_at, ${lead}.job_id) < (${bind(after.at)}::bigint, ${bind(after.id)})`,
  ].filter((condition) => condition !== null);
}

const isRare = (status: AnalysisStatus): boolean => status !== 'completed' && status !== 'queued' && status !== 'pending';

const isWaiting = (status: AnalysisStatus | null): boolean => status === 'queued' || status === 'pending';

function statusConditions({ status, waitingSince }: ListedFilter, bind: Bind): readonly string[] {
  if (status === null) return [];
  if (isWaiting(status)) return [`coalesce(r.status, 'queued') = 'queued'`, `a.sort_at >= ${bind(waitingSince)}`];
  // Spelled out, so that the index without the completed ones may serve whatever the plan.
  return isRare(status) ? [`r.status = ${bind(status)}`, `r.status <> 'completed'`] : [`r.status = ${bind(status)}`];
}

const isOfCurrent = '(v.generation, v.attempt) = (r.generation, r.attempt)';

/**
 * As a subselect that is null where there is a review: the planner takes nearly all rows to pass, which at the newest end they do, and walks
 * the index of time; as a join or an anti-join it reads both tables whole.
 */
const withoutReview = `(SELECT CASE WHEN count(*) = 0 THEN true END FROM api.analysis_reviews w
  WHERE w.job_id = a.job_id AND (w.generation, w.attempt) = (r.generation, r.attempt)) IS NOT NULL`;

function reviewConditions({ review }: AnalysisFilter, bind: Bind): readonly string[] {
  if (review === null) return [];
  const completed = `r.status = 'completed'`;
  if (review === 'pending') return [completed, withoutReview];
  return [completed, isOfCurrent, `v.decision = ${bind(review)}`];
}

const waitingSinceStatement = 'SELECT min(requested_second) * 1000 AS since FROM api.queue_depth WHERE waiting > 0';

export async function listAnalyses(db: Queryable, filter: AnalysisFilter): Promise<readonly ReadAnalysisRow[]> {
  let waitingSince: number | null = null;
  if (isWaiting(filter.status)) {
    waitingSince = (await db.query<{ since: number | null }>(waitingSinceStatement)).rows[0]?.since ?? null;
    if (waitingSince === null) return [];
  }
  const { text, values } = listAnalysesStatement({ ...filter, waitingSince });
  return (await db.query<ReadAnalysisRow>(text, values)).rows;
}

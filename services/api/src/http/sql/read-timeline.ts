/**
 * What happened to a group of patients of one kind, beyond a cursor. Members and kinds are merged by the caller, who shows at most `limit`
 * of all; each is found by its own index on patient and time.
 * Order: time downwards, then `kind:id` upwards, so that entries of one moment are neither lost nor shown twice between pages.
 */
import type { Queryable, Row } from '@clinstream/runtime/postgres';
import type { Cursor } from '../../domain/cursor.ts';
import { observations } from '../../sink/observation-table.ts';
import { orders } from '../../sink/order-table.ts';
import { storedAnalysisTables } from '../../sink/sql/load-analyses.ts';
import { readAnalysisColumns } from './read-analyses.ts';

export type TimelineKind = 'analysis' | 'order' | 'observation';
export type TimelineQuery = { readonly members: readonly string[]; readonly after: Cursor | null; readonly limit: number };

const sources: Readonly<Record<TimelineKind, { columns: string; from: string; time: string; id: string }>> = {
  analysis: {
    columns: readAnalysisColumns,
    from: storedAnalysisTables,
    time: 'a.sort_at',
    id: 'a.job_id',
  },
  order: {
    columns: orders.columns.map(({ name }) => `a.${name}`).join(', '),
    from: 'api.orders a',
    time: 'a.requested_at',
    id: 'a.order_id',
  },
  observation: {
    // An order that was only ever named by its results is as unknown as one never heard of.
    columns: `${observations.columns.map(({ name }) => `a.${name}`).join(', ')},
  CASE WHEN a.order_id IS NOT NULL THEN coalesce((SELECT x.status FROM api.orders x WHERE x.order_id = a.order_id AND x.placed), 'unknown') END
  AS order_status`,
    from: 'api.observations a',
    time: 'a.source_version',
    id: 'a.observation_id',
  },
};

export function readTimelineStatement(kind: TimelineKind) {
  const { columns, from, time, id } = sources[kind];
  return {
    name: `api timeline ${kind}`,
    // Per member, so that each is read in its index's own order and stops at the limit.
    text: `SELECT entry.* FROM unnest($1::text[]) AS m(member) CROSS JOIN LATERAL (
  SELECT ${columns} FROM ${from} WHERE a.patient_key = m.member
  AND ${time} <= $2::bigint AND (${time} < $2::bigint OR '${kind}:' || ${id} > $3::text COLLATE "C")
  ORDER BY ${time} DESC, ${id} LIMIT $4
) AS entry`,
  };
}

/** Beyond every time. */
const never = 9_007_199_254_740_991;

export async function readTimeline(db: Queryable, kind: TimelineKind, query: TimelineQuery): Promise<readonly Row[]> {
  const { members, after, limit } = query;
  return (await db.query(readTimelineStatement(kind), [members, after?.at ?? never, after?.id ?? '', limit])).rows;
}

/** How much waits, since when, and how much a person must look at. */
import type { Queryable } from '@clinstream/runtime/postgres';

export type Depth = { readonly waiting: number; readonly oldest: number | null; readonly needs_review: number };

export async function readDepth(db: Queryable, target: string): Promise<Depth> {
  const { rows } = await db.query<Depth>(
    {
      name: 'sync read depth',
      text: `SELECT count(*) FILTER (WHERE waiting) AS waiting, min(waiting_since) FILTER (WHERE waiting) AS oldest,
  count(*) FILTER (WHERE outcome = 'needs_review' AND NOT waiting) AS needs_review
FROM sync.deliveries WHERE target = $1 AND (waiting OR outcome = 'needs_review')`,
    },
    [target],
  );
  return rows[0] ?? { waiting: 0, oldest: null, needs_review: 0 };
}

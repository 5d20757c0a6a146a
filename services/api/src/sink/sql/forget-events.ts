/**
 * Forgets applied events older than the topics' own retention, a bounded number at a time. Run now and then, in its own transaction, like
 * sweep-depth.ts; the block range index finds the old ones without reading the rest.
 */
import type { Queryable } from '@clinstream/runtime/postgres';

export const forgetEventsStatement = {
  name: 'sink forget events',
  text: `DELETE FROM api.applied_events WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM api.applied_events WHERE applied_at < $1 LIMIT 50000 FOR UPDATE SKIP LOCKED))`,
};

export const forgetEvents = async (db: Queryable, before: number): Promise<number> =>
  (await db.query(forgetEventsStatement, [before])).rowCount;

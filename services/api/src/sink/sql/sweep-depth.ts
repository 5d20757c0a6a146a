/** Removes counts that are zero. Run now and then, in its own transaction: readers skip zero rows anyway, and this keeps the table small. */
import type { Queryable } from '@clinstream/runtime/postgres';

export const sweepDepthStatement = {
  name: 'sink sweep depth',
  text: `DELETE FROM api.queue_depth WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM api.queue_depth WHERE waiting = 0 AND running = 0 FOR UPDATE SKIP LOCKED))`,
};

export const sweepDepth = async (db: Queryable): Promise<number> => (await db.query(sweepDepthStatement)).rowCount;

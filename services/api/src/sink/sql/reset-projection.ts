/** Empties the whole projection, so that the next start builds it again from the beginning of the topics. */
import type { Queryable } from '@clinstream/runtime/postgres';

export const resetProjectionStatement = `TRUNCATE api.sink_offset, api.gaps, api.analyses, api.analysis_runs, api.queue_depth,
  api.orders, api.observations, api.patients, api.messages, api.applied_events,
  api.analysis_reviews, api.deliveries, api.alerts`;

export async function resetProjection(db: Queryable): Promise<void> {
  await db.query(resetProjectionStatement);
}

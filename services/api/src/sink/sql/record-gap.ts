/**
 * Retention took records before we read them: writes down which, and moves the projection past them, in one statement so that neither
 * stands without the other. Does nothing when another sink was faster. Returns whether this call recorded it.
 */
import type { TopicPartition } from '@clinstream/runtime/consumer';
import type { Queryable } from '@clinstream/runtime/postgres';

export const recordGapStatement = `WITH moved AS (
  UPDATE api.sink_offset SET next_offset = $5, updated_at = now()
  WHERE cluster_id = $1 AND topic = $2 AND partition = $3 AND next_offset = $4 RETURNING 1
)
INSERT INTO api.gaps (cluster_id, topic, partition, from_offset, to_offset) SELECT $1, $2, $3, $4, $5 FROM moved`;

export type Gap = TopicPartition & { readonly clusterId: string; readonly fromOffset: number; readonly toOffset: number };

export async function recordGap(db: Queryable, { clusterId, topic, partition, fromOffset, toOffset }: Gap): Promise<boolean> {
  const { rowCount } = await db.query(recordGapStatement, [clusterId, topic, partition, fromOffset, toOffset]);
  return rowCount > 0;
}

/** Offsets that retention took while the sink was reading: written down by the flush that steps over them. */
import type { Queryable } from '@clinstream/runtime/postgres';
import type { Gap } from './record-gap.ts';

export const insertGapStatement = `INSERT INTO api.gaps (cluster_id, topic, partition, from_offset, to_offset)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`;

export async function insertGap(tx: Queryable, { clusterId, topic, partition, fromOffset, toOffset }: Gap): Promise<void> {
  await tx.query(insertGapStatement, [clusterId, topic, partition, fromOffset, toOffset]);
}

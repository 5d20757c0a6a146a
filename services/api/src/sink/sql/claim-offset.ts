/** First sight of a partition: the projection stands at the beginning of its log. Leaves a row that is there as it is. */
import type { TopicPartition } from '@clinstream/runtime/consumer';
import type { Queryable } from '@clinstream/runtime/postgres';

export const claimOffsetStatement = `INSERT INTO api.sink_offset (cluster_id, topic, partition, next_offset)
VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`;

export type Claim = TopicPartition & { readonly clusterId: string; readonly nextOffset: number };

export async function claimOffset(db: Queryable, { clusterId, topic, partition, nextOffset }: Claim): Promise<void> {
  await db.query(claimOffsetStatement, [clusterId, topic, partition, nextOffset]);
}

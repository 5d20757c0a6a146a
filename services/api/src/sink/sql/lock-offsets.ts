/**
 * Takes the partitions of one flush for this transaction and says where each stands.
 * Why FOR UPDATE: a zombie that still holds an older batch of the same partition waits here, then sees that its records are old.
 * Ordered, so that two sinks never wait for each other in a circle.
 */
import type { TopicPartition } from '@clinstream/runtime/consumer';
import type { Queryable } from '@clinstream/runtime/postgres';

export type OffsetRow = { readonly topic: string; readonly partition: number; readonly next_offset: number };

export const lockOffsetsStatement = {
  name: 'sink lock offsets',
  text: `SELECT o.topic, o.partition, o.next_offset FROM api.sink_offset o
JOIN unnest($2::text[], $3::integer[]) AS p(topic, partition) USING (topic, partition)
WHERE o.cluster_id = $1 ORDER BY o.topic, o.partition FOR UPDATE OF o`,
};

export async function lockOffsets(
  tx: Queryable,
  clusterId: string,
  partitions: readonly TopicPartition[],
): Promise<readonly OffsetRow[]> {
  const topics = partitions.map(({ topic }) => topic);
  const numbers = partitions.map(({ partition }) => partition);
  return (await tx.query<OffsetRow>(lockOffsetsStatement, [clusterId, topics, numbers])).rows;
}

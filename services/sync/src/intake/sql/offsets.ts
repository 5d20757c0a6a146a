/** Where a target's intake stands in the log. Locked and moved only in the transaction that writes what was read (ADR 0004 has the why). */
import type { TopicPartition } from '@clinstream/runtime/consumer';
import type { Queryable } from '@clinstream/runtime/postgres';

export type StoredOffset = TopicPartition & {
  readonly cluster_id: string;
  readonly next_offset: number;
  /** Moved within the last five seconds. */
  readonly moving: boolean;
};
export type OffsetRow = TopicPartition & { readonly next_offset: number; readonly replay_until: number };
export type Offset = TopicPartition & { readonly nextOffset: number };
export type Gap = TopicPartition & { readonly fromOffset: number; readonly toOffset: number };

export const readOffsets = async (db: Queryable, target: string): Promise<readonly StoredOffset[]> =>
  (
    await db.query<StoredOffset>(
      `SELECT cluster_id, topic, partition, next_offset, updated_at > now() - interval '5 seconds' AS moving
FROM sync.target_offset WHERE target = $1`,
      [target],
    )
  ).rows;

/** First sight of a partition: nothing is told before its present end is read. Leaves a row that is there as it is. */
export async function claimOffset(
  db: Queryable,
  target: string,
  clusterId: string,
  { topic, partition, nextOffset, replayUntil }: Offset & { readonly replayUntil: number },
): Promise<void> {
  await db.query(
    `INSERT INTO sync.target_offset (target, cluster_id, topic, partition, next_offset, replay_until)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [target, clusterId, topic, partition, nextOffset, replayUntil],
  );
}

/** FOR UPDATE: a zombie that holds an older batch of the partition waits here, then sees that its records are old. Ordered: no circles. */
export const lockOffsets = async (
  tx: Queryable,
  target: string,
  clusterId: string,
  partitions: readonly TopicPartition[],
): Promise<readonly OffsetRow[]> =>
  (
    await tx.query<OffsetRow>(
      {
        name: 'sync lock offsets',
        text: `SELECT o.topic, o.partition, o.next_offset, o.replay_until FROM sync.target_offset o
JOIN unnest($3::text[], $4::integer[]) AS p(topic, partition) USING (topic, partition)
WHERE o.target = $1 AND o.cluster_id = $2 ORDER BY o.topic, o.partition FOR UPDATE OF o`,
      },
      [target, clusterId, partitions.map(({ topic }) => topic), partitions.map(({ partition }) => partition)],
    )
  ).rows;

export async function moveOffsets(tx: Queryable, target: string, clusterId: string, offsets: readonly Offset[]): Promise<void> {
  await tx.query(
    {
      name: 'sync move offsets',
      text: `UPDATE sync.target_offset o SET next_offset = p.next_offset, updated_at = now()
FROM unnest($3::text[], $4::integer[], $5::bigint[]) AS p(topic, partition, next_offset)
WHERE o.target = $1 AND o.cluster_id = $2 AND o.topic = p.topic AND o.partition = p.partition`,
    },
    [
      target,
      clusterId,
      offsets.map(({ topic }) => topic),
      offsets.map(({ partition }) => partition),
      offsets.map(({ nextOffset }) => nextOffset),
    ],
  );
}

/** Retention took records before a join: written down and stepped over in one statement. Whether this call did it. */
export async function stepOverGap(db: Queryable, target: string, clusterId: string, gap: Gap): Promise<boolean> {
  const { rowCount } = await db.query(
    `WITH moved AS (
  UPDATE sync.target_offset SET next_offset = $6, updated_at = now()
  WHERE target = $1 AND cluster_id = $2 AND topic = $3 AND partition = $4 AND next_offset = $5 RETURNING 1
)
INSERT INTO sync.gaps (target, cluster_id, topic, partition, from_offset, to_offset) SELECT $1, $2, $3, $4, $5, $6 FROM moved`,
    [target, clusterId, gap.topic, gap.partition, gap.fromOffset, gap.toOffset],
  );
  return rowCount > 0;
}

/** Found while reading: written by the transaction that steps over it. */
export async function insertGap(tx: Queryable, target: string, clusterId: string, gap: Gap): Promise<void> {
  await tx.query(
    `INSERT INTO sync.gaps (target, cluster_id, topic, partition, from_offset, to_offset)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [target, clusterId, gap.topic, gap.partition, gap.fromOffset, gap.toOffset],
  );
}

/** Whether some of what was in the log when the target first read it is still unread. */
export async function isReplaying(db: Queryable, target: string): Promise<boolean> {
  const { rows } = await db.query<{ replaying: boolean }>(
    {
      name: 'sync is replaying',
      text: 'SELECT EXISTS (SELECT 1 FROM sync.target_offset WHERE target = $1 AND next_offset < replay_until) AS replaying',
    },
    [target],
  );
  return rows[0]?.replaying === true;
}

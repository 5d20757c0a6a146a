/** First offset of a partition the projection has not read; null when it never saw the partition. */
import type { LogPosition } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';

export const readPositionStatement = {
  name: 'api read position',
  text: 'SELECT next_offset FROM api.sink_offset WHERE topic = $1 AND partition = $2',
};

export async function readPosition(db: Queryable, { topic, partition }: LogPosition): Promise<number | null> {
  const { rows } = await db.query<{ next_offset: number }>(readPositionStatement, [topic, partition]);
  return rows[0]?.next_offset ?? null;
}

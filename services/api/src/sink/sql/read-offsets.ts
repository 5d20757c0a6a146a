/** Where the projection stands, every partition it ever read, and whether another sink moved it a moment ago. */
import type { Queryable } from '@clinstream/runtime/postgres';

export type StoredOffset = {
  readonly cluster_id: string;
  readonly topic: string;
  readonly partition: number;
  readonly next_offset: number;
  /** Moved within the last five seconds. */
  readonly moving: boolean;
};

export const readOffsetsStatement = {
  name: 'sink read offsets',
  text: `SELECT cluster_id, topic, partition, next_offset, updated_at > now() - interval '5 seconds' AS moving FROM api.sink_offset`,
};

export const readOffsets = async (db: Queryable): Promise<readonly StoredOffset[]> =>
  (await db.query<StoredOffset>(readOffsetsStatement)).rows;

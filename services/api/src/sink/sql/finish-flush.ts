/**
 * Ends a flush: moves the offsets from where the flush believed them, moves the queue counts, and tells who waits. One statement, because
 * each costs a round trip and a lone stat result waits for them all; COMMIT goes with it. Fails unless all offsets moved and all siblings
 * (siblings.ts) still stand where they were believed, locked against moving until the commit: another flush was there first.
 * Counts that fall to zero go when the next flush of their lane and partition finds them so: deleting a row and changing it in one
 * statement is not defined.
 */
import type { TopicPartition } from '@clinstream/runtime/consumer';
import type { Transaction } from '@clinstream/runtime/postgres';
import type { DepthChange } from '../../domain/queue-depth.ts';
import type { Standing } from '../siblings.ts';

export const notifyChannel = 'clinstream_analyses';

export const finishFlushStatement = {
  name: 'sink finish flush',
  text: `WITH moved AS (
  UPDATE api.sink_offset o SET next_offset = p.next_offset, updated_at = now()
  FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[]) AS p(topic, partition, from_offset, next_offset)
  WHERE o.cluster_id = $1 AND o.topic = p.topic AND o.partition = p.partition AND o.next_offset = p.from_offset
  RETURNING 1
), standing AS (
  SELECT 1 FROM api.sink_offset o
  JOIN unnest($12::text[], $13::integer[], $14::bigint[]) AS s(topic, partition, next_offset) USING (topic, partition)
  WHERE o.cluster_id = $1 AND o.next_offset = s.next_offset FOR SHARE OF o
), depth AS (
  INSERT INTO api.queue_depth AS d (lane, partition, requested_second, waiting, running)
  SELECT * FROM unnest($6::text[], $7::integer[], $8::bigint[], $9::integer[], $10::integer[])
  ON CONFLICT (lane, partition, requested_second)
  DO UPDATE SET waiting = d.waiting + excluded.waiting, running = d.running + excluded.running
)
SELECT CASE WHEN (SELECT count(*) FROM moved) <> cardinality($2) OR (SELECT count(*) FROM standing) <> cardinality($12)
  THEN api.refuse_flush() END, CASE WHEN $11 <> '' THEN pg_notify('${notifyChannel}', $11) END`,
};

/** `fromOffset`: where the partition must stand now. */
export type Offset = TopicPartition & { readonly fromOffset: number; readonly nextOffset: number };
export type FlushEnd = {
  readonly clusterId: string;
  readonly offsets: readonly Offset[];
  readonly siblings: readonly Standing[];
  readonly depth: readonly DepthChange[];
  /** Empty when nobody need be woken. */
  readonly notice: string;
};

/** Rejects with POSTGRES_CONFLICT when another flush was there first. */
export async function finishFlush(tx: Transaction, { clusterId, offsets, siblings, depth, notice }: FlushEnd): Promise<void> {
  await tx.last(finishFlushStatement, [
    clusterId,
    offsets.map((offset) => offset.topic),
    offsets.map((offset) => offset.partition),
    offsets.map((offset) => offset.fromOffset),
    offsets.map((offset) => offset.nextOffset),
    depth.map((change) => change.lane),
    depth.map((change) => change.partition),
    depth.map((change) => change.requestedSecond),
    depth.map((change) => change.waiting),
    depth.map((change) => change.running),
    notice,
    siblings.map((sibling) => sibling.topic),
    siblings.map((sibling) => sibling.partition),
    siblings.map((sibling) => sibling.nextOffset),
  ]);
}

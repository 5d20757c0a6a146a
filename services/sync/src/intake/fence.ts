/**
 * Which records of a batch still count: those at or beyond the stored offset (as in the sink, ADR 0004). Pure.
 *   batch ends at or below it       nothing counts (a zombie's or repeated batch)
 *   batch starts beyond it          records are missing: SYNC_OFFSET_GAP, fatal; a restart reads them
 *   no stored offset                the state was reset under a running instance: SYNC_OFFSET_MISSING, fatal
 */
import { partitionName, type TopicPartition } from '@clinstream/runtime/consumer';
import type { DecodedRecord, PartitionProgress } from '@clinstream/runtime/pipeline';
import { syncError } from '../errors.ts';
import type { Gap, Offset, OffsetRow } from './sql/offsets.ts';

export type Fenced = {
  readonly records: readonly DecodedRecord[];
  readonly offsets: readonly Offset[];
  readonly gaps: readonly Gap[];
  /** Whether the log held it already when the target's state was begun. */
  readonly isHistory: (record: TopicPartition & { readonly offset: number }) => boolean;
};

export function fence(
  records: readonly DecodedRecord[],
  progress: readonly PartitionProgress[],
  stored: readonly OffsetRow[],
): Fenced {
  const nextOffsets = new Map(stored.map((row) => [partitionName(row), row.next_offset]));
  const replayUntil = new Map(stored.map((row) => [partitionName(row), row.replay_until]));
  for (const step of progress) refuseHoles(step, nextOffsets.get(partitionName(step)));
  const standing = (one: TopicPartition): number => nextOffsets.get(partitionName(one)) ?? 0;
  const moving = progress.filter((step) => step.nextOffset > standing(step));
  return {
    isHistory: (record) => record.offset < (replayUntil.get(partitionName(record)) ?? 0),
    records: records.filter((record) => record.offset >= standing(record)),
    offsets: moving,
    gaps: moving.flatMap(({ topic, partition, gaps }) =>
      gaps.filter(({ toOffset }) => toOffset > standing({ topic, partition })).map((gap) => ({ topic, partition, ...gap })),
    ),
  };
}

function refuseHoles(step: PartitionProgress, nextOffset: number | undefined): void {
  if (nextOffset === undefined)
    throw syncError('SYNC_OFFSET_MISSING', { message: `${partitionName(step)} has no offset any more; restart` });
  if (step.fromOffset > nextOffset)
    throw syncError('SYNC_OFFSET_GAP', {
      message: `${partitionName(step)} jumps from ${nextOffset} to ${step.fromOffset}; restart`,
    });
}

/** Notices that the log went back under a running instance: Kafka was wiped and began again at 0. Knows only this instance's own work. */
export function createRewindGuard() {
  const applied = new Map<string, number>();
  return {
    assigned(partitions: readonly TopicPartition[]): void {
      for (const partition of partitions) applied.delete(partitionName(partition));
    },
    check(progress: readonly PartitionProgress[]): void {
      const back = progress.find((step) => step.fromOffset < (applied.get(partitionName(step)) ?? 0));
      if (back)
        throw syncError('SYNC_LOG_WENT_BACK', {
          message: `${partitionName(back)} went back to ${back.fromOffset} after ${applied.get(partitionName(back))}`,
        });
    },
    applied(progress: readonly PartitionProgress[]): void {
      for (const step of progress) applied.set(partitionName(step), step.nextOffset);
    },
  };
}

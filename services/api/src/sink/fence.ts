/**
 * Which records of a batch still count. As a rule all of them (`unfenced`): where the batch begins is where the projection stands, and the
 * end of the flush makes sure of it (finish-flush.ts). If it does not, the flush is done again under a lock on the offsets, and counts
 * what lies at or beyond them (`fence`). Pure.
 *
 *   progress ends at or below next_offset          nothing of it counts (a zombie's or repeated flush)
 *   progress starts at or below, ends beyond       records from next_offset on
 *   progress starts beyond next_offset             records are missing: SINK_OFFSET_GAP, fatal; a restart reads them (start-at.ts)
 *   partition without a row                        the projection was reset under a running sink: SINK_OFFSET_MISSING, fatal
 */
import { partitionName, type TopicPartition } from '@clinstream/runtime/consumer';
import { AppError } from '@clinstream/runtime/errors';
import type { DecodedRecord, PartitionProgress } from '@clinstream/runtime/pipeline';
import type { Offset } from './sql/finish-flush.ts';
import type { OffsetRow } from './sql/lock-offsets.ts';
import type { FoundGap } from './start-at.ts';

export type Fenced = {
  readonly records: readonly DecodedRecord[];
  readonly offsets: readonly Offset[];
  /** Records that had taken effect before. */
  readonly repeated: number;
  /** Offsets beyond the stored one that the log no longer holds. */
  readonly gaps: readonly FoundGap[];
};

export const unfenced = (records: readonly DecodedRecord[], progress: readonly PartitionProgress[]): Fenced => ({
  records,
  offsets: progress,
  repeated: 0,
  gaps: progress.flatMap((step) => newGaps(step, step.fromOffset)),
});

export function fence(
  records: readonly DecodedRecord[],
  progress: readonly PartitionProgress[],
  stored: readonly OffsetRow[],
): Fenced {
  const nextOffsets = new Map(stored.map((row) => [partitionName(row), row.next_offset]));
  for (const step of progress) refuseGaps(step, nextOffsets.get(partitionName(step)));
  const isNew = (record: DecodedRecord): boolean =>
    record.offset >= (nextOffsets.get(partitionName(record)) ?? Number.POSITIVE_INFINITY);
  const moving = progress.filter((step) => step.nextOffset > (nextOffsets.get(partitionName(step)) ?? 0));
  const storedOf = (step: TopicPartition): number => nextOffsets.get(partitionName(step)) ?? 0;
  const kept = records.every(isNew) ? records : records.filter(isNew);
  return {
    records: kept,
    offsets: moving.map((step) => ({ ...step, fromOffset: storedOf(step) })),
    repeated: records.length - kept.length,
    gaps: moving.flatMap((step) => newGaps(step, storedOf(step))),
  };
}

const newGaps = ({ topic, partition, gaps }: PartitionProgress, stored: number): readonly FoundGap[] =>
  gaps.filter(({ toOffset }) => toOffset > stored).map((gap) => ({ topic, partition, ...gap }));

function refuseGaps(step: PartitionProgress, nextOffset: number | undefined): void {
  if (nextOffset === undefined)
    throw fatal(
      'SINK_OFFSET_MISSING',
      `${partitionName(step)} has no offset any more: the projection was reset while the sink runs; restart it`,
    );
  if (step.fromOffset > nextOffset)
    throw fatal(
      'SINK_OFFSET_GAP',
      `${partitionName(step)} jumps from ${nextOffset} to ${step.fromOffset}; restart to read from ${nextOffset}`,
    );
}

const fatal = (code: string, message: string): AppError => new AppError({ code, kind: 'fatal', stage: 'sink', message });

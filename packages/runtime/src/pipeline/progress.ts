/** Items of a batch and the offsets they stand for. Pure. */
import type { Topic } from '@clinstream/contracts';
import type { Lease } from '../consumer/offset-tracker.ts';
import type { TrackedRecord } from '../consumer/tracked-record.ts';
import type { DecodedRecord, OffsetSpan, PartitionProgress } from './types.ts';

/** A record of the batch; `decoded` is null when it was parked. */
export type BatchItem<T extends Topic> = { readonly record: TrackedRecord; readonly decoded: DecodedRecord<T> | null };

/** Progress over the items, given where each partition stood before. Items are in offset order per partition. */
export function progressOf<T extends Topic>(
  items: readonly BatchItem<T>[],
  positions: ReadonlyMap<Lease, number>,
  clusterId: string,
): readonly PartitionProgress[] {
  const spans = new Map<Lease, { fromOffset: number; nextOffset: number; gaps: OffsetSpan[] }>();
  for (const { record } of items) {
    const { lease, offset } = record;
    const fromOffset = positions.get(lease) ?? offset;
    const span = spans.get(lease) ?? { fromOffset, nextOffset: fromOffset, gaps: [] };
    if (offset > span.nextOffset) span.gaps.push({ fromOffset: span.nextOffset, toOffset: offset });
    span.nextOffset = offset + 1;
    spans.set(lease, span);
  }
  return Array.from(spans, ([{ topic, partition }, span]) => ({ topic, partition, ...span, clusterId }));
}

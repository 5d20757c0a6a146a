/**
 * How far this sink has begun to apply, for whoever asks for a record that cannot have taken effect yet. A hint: a partition that moved to
 * another sink is taken for waiting until it comes back.
 */
import type { LogPosition } from '@clinstream/contracts';
import { partitionName, type TopicPartition } from '@clinstream/runtime/consumer';

export type Reach = ReturnType<typeof createReach>;

export function createReach() {
  const begun = new Map<string, number>();
  return {
    begin(progress: readonly (TopicPartition & { readonly nextOffset: number | null })[]): void {
      for (const step of progress) begun.set(partitionName(step), step.nextOffset ?? 0);
    },
    /** Whether it was this sink's to apply when last heard of, and not begun. */
    isComing(position: LogPosition): boolean {
      return (begun.get(partitionName(position)) ?? Number.POSITIVE_INFINITY) <= position.offset;
    },
  };
}

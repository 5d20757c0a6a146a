/**
 * Notices that the log went back under a running sink: offsets this sink has applied since it was assigned the partition come once more.
 * That happens when Kafka is wiped and starts again at 0; taken for repeated records, the new ones would be dropped without a word.
 * SINK_LOG_WENT_BACK is fatal; the restart compares the log and says the rest (start-at.ts). Knows only this instance's own work, so that
 * a partition that moves between sinks never looks like a wiped one.
 */
import { partitionName, type TopicPartition } from '@clinstream/runtime/consumer';
import { AppError } from '@clinstream/runtime/errors';
import type { PartitionProgress } from '@clinstream/runtime/pipeline';

export function createRewindGuard() {
  const applied = new Map<string, number>();
  return {
    assigned(partitions: readonly TopicPartition[]): void {
      for (const partition of partitions) applied.delete(partitionName(partition));
    },
    check(progress: readonly PartitionProgress[]): void {
      const back = progress.find((step) => step.fromOffset < (applied.get(partitionName(step)) ?? 0));
      if (back === undefined) return;
      const message = `${partitionName(back)} went back to ${back.fromOffset} after ${applied.get(partitionName(back))}: was Kafka wiped while the sink runs?`;
      throw new AppError({ code: 'SINK_LOG_WENT_BACK', kind: 'fatal', stage: 'sink', message });
    },
    applied(progress: readonly PartitionProgress[]): void {
      for (const step of progress) applied.set(partitionName(step), step.nextOffset);
    },
  };
}

/**
 * Where this sink believes the analysis topics of its partitions stand: as told at assignment, moved by its own flushes.
 * What memory holds of a job is the table's truth only as long as nobody else has written that partition, on any of its analysis topics:
 * a job's rows may be changed from all of them. A flush that trusts memory therefore has its siblings checked with its offsets
 * (finish-flush.ts); where one has moved, another sink has taken over, and the flush is done again from the table.
 */
import { lanes, topics } from '@clinstream/contracts';
import { partitionName, type TopicPartition } from '@clinstream/runtime/consumer';

export type Standing = TopicPartition & { readonly nextOffset: number };
export type Siblings = ReturnType<typeof createSiblings>;

const analysisTopics: ReadonlySet<string> = new Set([
  topics.progress,
  topics.reviews,
  ...lanes.flatMap((lane) => [topics.requests[lane], topics.results[lane]]),
]);

export function createSiblings() {
  const known = new Map<string, Standing>();
  const note = ({ topic, partition, nextOffset }: Standing): void => {
    const standing = { topic, partition, nextOffset };
    if (analysisTopics.has(topic)) known.set(partitionName(standing), standing);
  };
  return {
    assigned(starts: readonly (TopicPartition & { readonly nextOffset: number | null })[]): void {
      for (const start of starts) note({ ...start, nextOffset: start.nextOffset ?? 0 });
    },
    applied: (progress: readonly Standing[]): void => progress.forEach(note),
    /** The other analysis topics of the partitions this flush moves. */
    of(progress: readonly TopicPartition[]): readonly Standing[] {
      const moved = new Set(progress.map(partitionName));
      const partitions = new Set(progress.filter(({ topic }) => analysisTopics.has(topic)).map(({ partition }) => partition));
      return [...known].flatMap(([name, standing]) => (partitions.has(standing.partition) && !moved.has(name) ? [standing] : []));
    },
  };
}

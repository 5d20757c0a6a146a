/**
 * Which partitions this member may work on and commit, through every rebalance. Pure.
 * A lease is one uninterrupted possession of a partition. When a partition is lost, or may have been someone else's in between, its lease ends
 * for ever: completions under it change nothing that could be committed. That is the fence against a zombie's late commit.
 */
import { createPartitionTracker, type PartitionTracker } from './partition-tracker.ts';
import type { TopicPartition } from './types.ts';

export type Lease = TopicPartition & {
  /** Grows with every assignment; tells one possession from the next. */
  readonly epoch: number;
  isOwned: boolean;
  tracker: PartitionTracker;
  /** Last offset Kafka confirmed as committed under this lease. */
  committed: number | null;
};

export type AssignmentChange = {
  readonly gained: readonly Lease[];
  readonly kept: readonly Lease[];
  readonly lost: readonly Lease[];
};
export type CommitOffset = TopicPartition & { readonly offset: number };

export type OffsetTracker = {
  /** `isContinuous`: nobody else can have owned our partitions since the last assignment. */
  assign(partitions: readonly TopicPartition[], isContinuous: boolean): AssignmentChange;
  lease(topic: string, partition: number): Lease | null;
  leases(): Iterable<Lease>;
  /** Ends a lease and opens a new one in its place, for a partition whose log was reset under us. */
  renew(lease: Lease): Lease;
  /** Watermarks of owned partitions that moved since the last confirmed commit. */
  due(): readonly CommitOffset[];
  confirmed(offsets: readonly CommitOffset[]): void;
};

export function createOffsetTracker(): OffsetTracker {
  const owned = new Map<string, Lease>();
  let epoch = 0;

  const open = ({ topic, partition }: TopicPartition): Lease => {
    const lease = { topic, partition, epoch, isOwned: true, tracker: createPartitionTracker(), committed: null };
    owned.set(keyOf(topic, partition), lease);
    return lease;
  };
  const end = (lease: Lease): void => {
    lease.isOwned = false;
    owned.delete(keyOf(lease.topic, lease.partition));
  };

  return {
    assign(partitions, isContinuous) {
      epoch++;
      const wanted = new Set(partitions.map(({ topic, partition }) => keyOf(topic, partition)));
      const isKept = (key: string): boolean => isContinuous && wanted.has(key);
      const lost = [...owned].filter(([key]) => !isKept(key)).map(([, lease]) => lease);
      for (const lease of lost) end(lease);
      const kept = [...owned.values()];
      const gained = partitions.filter(({ topic, partition }) => !owned.has(keyOf(topic, partition))).map(open);
      return { gained, kept, lost };
    },
    lease: (topic, partition) => owned.get(keyOf(topic, partition)) ?? null,
    leases: () => owned.values(),
    renew(lease) {
      epoch++;
      end(lease);
      return open(lease);
    },
    due() {
      const offsets: CommitOffset[] = [];
      for (const lease of owned.values()) {
        const offset = lease.tracker.watermark();
        if (offset !== null && offset > (lease.committed ?? -1))
          offsets.push({ topic: lease.topic, partition: lease.partition, offset });
      }
      return offsets;
    },
    confirmed(offsets) {
      for (const { topic, partition, offset } of offsets) {
        const lease = owned.get(keyOf(topic, partition));
        if (lease && offset > (lease.committed ?? -1)) lease.committed = offset;
      }
    },
  };
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/** Records waiting to be applied, per lease in offset order. Taken fairly: a batch begins where the last one ended. Pure. */
import type { Lease } from '../consumer/offset-tracker.ts';
import type { TrackedRecord } from '../consumer/tracked-record.ts';

export type PartitionQueues = {
  add(record: TrackedRecord): void;
  /** At most `max`, in offset order per partition, every partition as one run. */
  take(max: number): TrackedRecord[];
  /** Removes and returns what belongs to these leases; everything for null. */
  drop(leases: readonly Lease[] | null): readonly TrackedRecord[];
  size(): number;
};

export function createPartitionQueues(): PartitionQueues {
  const queues = new Map<Lease, TrackedRecord[]>();
  let size = 0;
  const takeFrom = (lease: Lease, queue: TrackedRecord[], max: number): TrackedRecord[] => {
    queues.delete(lease);
    if (queue.length <= max) return queue;
    queues.set(lease, queue.slice(max));
    return queue.slice(0, max);
  };
  return {
    add(record) {
      size++;
      const queue = queues.get(record.lease);
      if (queue) queue.push(record);
      else queues.set(record.lease, [record]);
    },
    take(max) {
      let taken: TrackedRecord[] = [];
      for (const [lease, queue] of [...queues]) {
        if (taken.length >= max) break;
        const some = takeFrom(lease, queue, max - taken.length);
        taken = taken.length === 0 ? some : taken.concat(some);
      }
      size -= taken.length;
      return taken;
    },
    drop(leases) {
      const dropped = (leases ?? [...queues.keys()]).flatMap((lease) => queues.get(lease) ?? []);
      for (const lease of leases ?? [...queues.keys()]) queues.delete(lease);
      size -= dropped.length;
      return dropped;
    },
    size: () => size,
  };
}

/** The consumer's metrics, bound to one group. Lag and age are computed when scraped, from what the consumer knows anyway. */
import { createMetrics } from '../telemetry/metrics.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { consumerMetrics } from './metrics.ts';
import type { AssignmentChange, Lease, OffsetTracker } from './offset-tracker.ts';
import type { Room } from './room.ts';
import type { TopicPartition } from './types.ts';

export type ReadingMetrics = {
  assigned(change: AssignmentChange): void;
  /** A fetch of this partition began at `from`, and so long was the log then. */
  fetched(lease: Lease, fetch: { readonly from: number; readonly highWatermark: number }): void;
  /** So long are the logs now, whoever told it. */
  ends(bounds: readonly (TopicPartition & { readonly logEndOffset: number })[]): void;
  gap(topic: string, records: number): void;
  outOfRange(topic: string): void;
  committed(isOk: boolean): void;
  sessionEnded(reason: string): void;
  /** Stops reporting partitions. */
  forget(): void;
};

export function createReadingMetrics(telemetry: Telemetry, group: string, offsets: OffsetTracker, room: Room): ReadingMetrics {
  const metrics = createMetrics(telemetry.registry, consumerMetrics);
  const logs = new Map<Lease, { from: number; end: number }>();
  const lagOf = (lease: Lease): number => {
    const log = logs.get(lease);
    return log ? Math.max(0, log.end - (lease.tracker.watermark() ?? log.from)) : 0;
  };
  const labelsOf = ({ topic, partition }: Lease) => ({ group, topic, partition: String(partition) });
  const drop = (lease: Lease): void => {
    logs.delete(lease);
    metrics.lagRecords.remove(labelsOf(lease));
    metrics.lagSeconds.remove(labelsOf(lease));
  };
  metrics.inFlight.onCollect(() => {
    metrics.inFlight.labels({ group }).set(room.records());
    metrics.inFlightBytes.labels({ group }).set(room.bytes());
  });
  // On the first of the three to be scraped, so that none of them shows what the scrape before found.
  metrics.lagRecords.onCollect(() => {
    const now = telemetry.clock.now();
    let oldest = now;
    for (const lease of offsets.leases()) {
      const first = lease.tracker.oldestTimestamp() ?? now;
      oldest = Math.min(oldest, first);
      metrics.lagRecords.labels(labelsOf(lease)).set(lagOf(lease));
      metrics.lagSeconds.labels(labelsOf(lease)).set(Math.max(0, now - first) / 1_000);
    }
    metrics.oldestAge.labels({ group }).set((now - oldest) / 1_000);
  });
  return {
    assigned({ gained, kept, lost }) {
      for (const lease of lost) drop(lease);
      metrics.partitions.labels({ group }).set(gained.length + kept.length);
      metrics.rebalances.labels({ group }).inc();
    },
    fetched(lease, { from, highWatermark }) {
      const log = logs.get(lease);
      if (log) log.end = highWatermark;
      else logs.set(lease, { from, end: highWatermark });
    },
    ends(bounds) {
      for (const { topic, partition, logEndOffset } of bounds) {
        const lease = offsets.lease(topic, partition);
        const log = lease && logs.get(lease);
        if (log) log.end = Math.max(log.end, logEndOffset);
      }
    },
    gap: (topic, records) => metrics.gaps.labels({ group, topic }).inc(records),
    outOfRange: (topic) => metrics.outOfRange.labels({ group, topic }).inc(),
    committed: (isOk) => metrics.commits.labels({ group, outcome: isOk ? 'ok' : 'failed' }).inc(),
    sessionEnded: (reason) => metrics.sessions.labels({ group, reason }).inc(),
    forget: () => {
      for (const lease of [...logs.keys()]) drop(lease);
      metrics.partitions.labels({ group }).set(0);
    },
  };
}

/** The intake of one target: what the batch consumer is given, and what is counted and said about it. */
import type { AssignedPartition, DecodedRecord, PartitionProgress, PartitionStart } from '@clinstream/runtime/pipeline';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import { syncMetrics } from '../metrics.ts';
import { createRewindGuard } from './fence.ts';
import { forgetEvents } from './sql/applied-events.ts';
import type { Gap } from './sql/offsets.ts';
import { createStartAt } from './start-at.ts';
import { createTakeIn, type TakeInDeps } from './take-in.ts';

export type IntakeOptions = {
  /** How long ids of applied events are kept; at least as long as the clinical topics keep their records; 0 for ever. */
  readonly appliedEventsDays: number;
  /** What is older than this in a log that is read for the first time is not told; null or left out: all is. */
  readonly historyDays?: number | null;
};
export type IntakeDeps = Omit<TakeInDeps, 'historyMs' | 'now'> & {
  readonly telemetry: Telemetry;
  /** Something waits now. */
  readonly onMarked: () => void;
};
export type Intake = {
  readonly startAt: (clusterId: string, partitions: readonly AssignedPartition[]) => Promise<readonly PartitionStart[]>;
  readonly apply: (records: readonly DecodedRecord[], progress: readonly PartitionProgress[]) => Promise<void>;
};

/** Batches between two sweeps of events to be forgotten. */
const sweepEvery = 500;

export function createIntake({ appliedEventsDays, historyDays = null }: IntakeOptions, deps: IntakeDeps): Intake {
  const { postgres, target, telemetry } = deps;
  const metrics = createMetrics(telemetry.registry, syncMetrics);
  const historyMs = historyDays === null ? Number.POSITIVE_INFINITY : historyDays * 86_400_000;
  const takeIn = createTakeIn({ ...deps, historyMs, now: telemetry.clock.now });
  const rewind = createRewindGuard();
  let batches = 0;

  const onGap = ({ topic, partition, fromOffset, toOffset }: Gap): void => {
    metrics.gaps.labels({ target }).inc();
    telemetry.log.error(
      { code: 'SYNC_LOG_GAP', topic, partition, offset: fromOffset, count: toOffset - fromOffset },
      'records were removed by retention before sync read them; they are listed in sync.gaps',
    );
  };
  const startAt = createStartAt({ db: postgres, target, onGap });

  const sweep = async (): Promise<void> => {
    if (appliedEventsDays > 0) await forgetEvents(postgres, target, telemetry.clock.now() - appliedEventsDays * 86_400_000);
  };

  return {
    startAt(clusterId, partitions) {
      rewind.assigned(partitions);
      return startAt(clusterId, partitions);
    },
    async apply(records, progress) {
      if (progress.length === 0) return;
      rewind.check(progress);
      const taken = await takeIn(records, progress);
      rewind.applied(progress);
      for (const { kind } of taken.changed) metrics.changed.labels({ target, kind }).inc();
      metrics.ignored.labels({ target }).inc(taken.ignored);
      taken.gaps.forEach(onGap);
      deps.onMarked();
      // Tidying must never fail a batch that is committed; the next one tries again.
      if (++batches % sweepEvery === 0) await sweep().catch(() => {});
    },
  };
}

/** The sink: what the batch consumer is given. Wires where to start, how to flush, and what is counted and said about it. */
import type { AssignedPartition, DecodedRecord, PartitionProgress, PartitionStart } from '@clinstream/runtime/pipeline';
import type { Postgres } from '@clinstream/runtime/postgres';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import { apiMetrics } from '../metrics.ts';
import { createFlush, type FlushReport } from './flush.ts';
import { createJobMemory } from './job-memory.ts';
import { createReach, type Reach } from './reach.ts';
import { createRewindGuard } from './rewind-guard.ts';
import { createSiblings } from './siblings.ts';
import { clinicalKinds } from './skip-applied.ts';
import { forgetEvents } from './sql/forget-events.ts';
import { sweepDepth } from './sql/sweep-depth.ts';
import { createStartAt, type FoundGap } from './start-at.ts';

export type SinkOptions = {
  readonly rememberedJobs: number;
  /** How long ids of applied events are kept, at least as long as the clinical topics keep their records; 0 or left out, for ever. */
  readonly appliedEventsDays?: number;
};
export type Sink = {
  readonly startAt: (clusterId: string, partitions: readonly AssignedPartition[]) => Promise<readonly PartitionStart[]>;
  readonly apply: (records: readonly DecodedRecord[], progress: readonly PartitionProgress[]) => Promise<void>;
  readonly isComing: Reach['isComing'];
};

/** Flushes between two sweeps of queue counts that fell to zero and of events to be forgotten. */
const sweepEvery = 500;

export function createSink(postgres: Postgres, telemetry: Telemetry, options: SinkOptions): Sink {
  const metrics = createMetrics(telemetry.registry, apiMetrics);
  const memory = createJobMemory(options.rememberedJobs);
  const siblings = createSiblings();
  const flush = createFlush(postgres, memory, siblings);
  const count = createCounting(metrics);
  let flushes = 0;

  const onGap = ({ topic, partition, fromOffset, toOffset }: FoundGap): void => {
    metrics.gaps.inc();
    metrics.lostRecords.inc(toOffset - fromOffset);
    telemetry.log.error(
      { code: 'SINK_LOG_GAP', topic, partition, offset: fromOffset, count: toOffset - fromOffset },
      'records were removed by retention before the sink read them; they are listed in api.gaps',
    );
  };

  const { appliedEventsDays = 0 } = options;
  const sweep = async (): Promise<void> => {
    await sweepDepth(postgres);
    if (appliedEventsDays > 0) await forgetEvents(postgres, telemetry.clock.now() - appliedEventsDays * 86_400_000);
  };

  const rewind = createRewindGuard();
  const reach = createReach();
  const startAt = createStartAt({ db: postgres, onGap });

  return {
    isComing: reach.isComing,
    async startAt(clusterId, partitions) {
      // What happened to these partitions meanwhile is not known.
      memory.clear();
      rewind.assigned(partitions);
      const starts = await startAt(clusterId, partitions);
      siblings.assigned(starts);
      reach.begin(starts);
      return starts;
    },
    async apply(records, progress) {
      if (progress.length === 0) return;
      rewind.check(progress);
      reach.begin(progress);
      const startedAt = performance.now();
      const report = await flush(records, progress);
      metrics.flushSeconds.observe((performance.now() - startedAt) / 1000);
      rewind.applied(progress);
      count(report);
      report.gaps.forEach(onGap);
      // Tidying must never fail a flush that is committed; the next one tries again.
      if (++flushes % sweepEvery === 0) await sweep().catch(() => {});
    },
  };
}

function createCounting(metrics: ReturnType<typeof createMetrics<typeof apiMetrics>>) {
  const kinds = ['analyses', 'orders', 'observations', 'patients', 'messages', 'deliveries', 'alerts'] as const;
  const series = kinds.map((kind) => ({
    kind,
    inserted: metrics.rows.labels({ kind, operation: 'insert' }),
    updated: metrics.rows.labels({ kind, operation: 'update' }),
    ignored: metrics.ignored.labels({ kind }),
  }));
  const skipped = clinicalKinds.map((kind) => ({ kind, counter: metrics.skipped.labels({ kind }) }));
  return (report: FlushReport): void => {
    metrics.flushRecords.observe(report.records);
    metrics.repeated.inc(report.repeated);
    metrics.conflicts.inc(report.conflicts);
    metrics.loaded.inc(report.analyses.loaded);
    for (const { kind, counter } of skipped) counter.inc(report.skipped[kind]);
    for (const { kind, inserted, updated, ignored } of series) {
      const written = kind === 'analyses' ? report.analyses : report.kinds[kind];
      inserted.inc(written.inserted);
      updated.inc(written.updated);
      ignored.inc(written.ignored);
    }
  };
}

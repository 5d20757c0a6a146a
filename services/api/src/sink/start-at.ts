/**
 * Where to read from after a join: the projection's own offsets, never Kafka's commits, which are only a hint.
 * Rejects: SINK_OTHER_LOG (fatal: another cluster, or a log shorter than what was read from it), SINK_OFFSET_MOVING (dependency: another
 * sink still works, ask again).
 */
import type { TopicPartition } from '@clinstream/runtime/consumer';
import { AppError } from '@clinstream/runtime/errors';
import type { AssignedPartition, PartitionStart } from '@clinstream/runtime/pipeline';
import type { Queryable } from '@clinstream/runtime/postgres';
import { compareLog, type KnownOffset } from '../domain/compare-log.ts';
import { claimOffset } from './sql/claim-offset.ts';
import { readOffsets, type StoredOffset } from './sql/read-offsets.ts';
import { recordGap } from './sql/record-gap.ts';

export type FoundGap = TopicPartition & { readonly fromOffset: number; readonly toOffset: number };
export type StartAtDeps = { readonly db: Queryable; readonly onGap: (gap: FoundGap) => void };

const resetHint =
  'If Kafka was replaced on purpose, stop the sink and run `node services/api/src/reset-projection.ts --yes-drop-projection`, then start it again.';

export function createStartAt({ db, onGap }: StartAtDeps) {
  return async (clusterId: string, partitions: readonly AssignedPartition[]): Promise<readonly PartitionStart[]> => {
    const stored = await readOffsets(db);
    refuseOtherCluster(clusterId, stored);
    const starts: PartitionStart[] = [];
    for (const log of partitions) {
      const nextOffset = await startOf(clusterId, log, knownOffset(stored, log));
      starts.push({ topic: log.topic, partition: log.partition, nextOffset });
    }
    return starts;
  };

  async function startOf(clusterId: string, log: AssignedPartition, known: KnownOffset | null): Promise<number> {
    const { topic, partition } = log;
    const verdict = compareLog(known, log);
    switch (verdict.kind) {
      case 'continue':
        return verdict.nextOffset;
      case 'first-sight':
        await claimOffset(db, { clusterId, topic, partition, nextOffset: verdict.nextOffset });
        return verdict.nextOffset;
      case 'gap': {
        const gap = { topic, partition, fromOffset: verdict.fromOffset, toOffset: verdict.nextOffset };
        if (await recordGap(db, { clusterId, ...gap })) onGap(gap);
        return verdict.nextOffset;
      }
      case 'log-too-short':
        throw otherLog(
          `${topic}:${partition} ends at ${log.logEndOffset}, but the projection has read it to ${known?.nextOffset}: Kafka was wiped or restored.`,
        );
      case 'look-again':
        throw new AppError({
          code: 'SINK_OFFSET_MOVING',
          kind: 'retryable',
          scope: 'dependency',
          stage: 'sink',
          message: `another sink still moves ${topic}:${partition}`,
        });
    }
  }
}

function knownOffset(stored: readonly StoredOffset[], { topic, partition }: TopicPartition): KnownOffset | null {
  const row = stored.find((one) => one.topic === topic && one.partition === partition);
  return row ? { nextOffset: row.next_offset, moving: row.moving } : null;
}

function refuseOtherCluster(clusterId: string, stored: readonly StoredOffset[]): void {
  const other = stored.find((row) => row.cluster_id !== clusterId);
  if (other) throw otherLog(`The projection was built from Kafka cluster ${other.cluster_id}, but this is cluster ${clusterId}.`);
}

const otherLog = (what: string): AppError =>
  new AppError({ code: 'SINK_OTHER_LOG', kind: 'fatal', stage: 'sink', message: `${what} ${resetHint}` });

/**
 * Where to read from after a join: the target's own offsets, never Kafka's commits, which are only a hint.
 * Rejects: SYNC_OTHER_LOG (fatal: another cluster, or a log shorter than what was read from it), SYNC_OFFSET_MOVING (dependency: another
 * instance still works, ask again).
 */
import type { TopicPartition } from '@clinstream/runtime/consumer';
import type { AssignedPartition, PartitionStart } from '@clinstream/runtime/pipeline';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { TargetName } from '../delivery/target.ts';
import { compareLog, type KnownOffset } from '../domain/compare-log.ts';
import { syncError } from '../errors.ts';
import { claimOffset, type Gap, readOffsets, type StoredOffset, stepOverGap } from './sql/offsets.ts';

export type StartAtDeps = { readonly db: Queryable; readonly target: TargetName; readonly onGap: (gap: Gap) => void };

const resetHint = (target: TargetName): string =>
  `If Kafka was replaced on purpose, stop sync and run \`node services/sync/src/reset-state.ts --target ${target} --yes-drop-state\` ` +
  '(what was delivered stays known), then start it again.';

export function createStartAt({ db, target, onGap }: StartAtDeps) {
  return async (clusterId: string, partitions: readonly AssignedPartition[]): Promise<readonly PartitionStart[]> => {
    const stored = await readOffsets(db, target);
    const other = stored.find((row) => row.cluster_id !== clusterId);
    if (other) throw otherLog(`The state was built from Kafka cluster ${other.cluster_id}, but this is cluster ${clusterId}.`);
    const starts: PartitionStart[] = [];
    for (const log of partitions) {
      const nextOffset = await startOf(clusterId, log, known(stored, log));
      starts.push({ topic: log.topic, partition: log.partition, nextOffset });
    }
    return starts;
  };

  async function startOf(clusterId: string, log: AssignedPartition, before: KnownOffset | null): Promise<number> {
    const { topic, partition, logEndOffset } = log;
    const verdict = compareLog(before, log);
    switch (verdict.kind) {
      case 'continue':
        return verdict.nextOffset;
      case 'first-sight':
        await claimOffset(db, target, clusterId, { topic, partition, nextOffset: verdict.nextOffset, replayUntil: logEndOffset });
        return verdict.nextOffset;
      case 'gap': {
        const gap = { topic, partition, fromOffset: verdict.fromOffset, toOffset: verdict.nextOffset };
        if (await stepOverGap(db, target, clusterId, gap)) onGap(gap);
        return verdict.nextOffset;
      }
      case 'log-too-short':
        throw otherLog(
          `${topic}:${partition} ends at ${logEndOffset}, but was read to ${before?.nextOffset}: Kafka was wiped or restored.`,
        );
      case 'look-again':
        throw syncError('SYNC_OFFSET_MOVING', { message: `another instance still moves ${topic}:${partition}` });
    }
  }

  function otherLog(what: string) {
    return syncError('SYNC_OTHER_LOG', { message: `${what} ${resetHint(target)}` });
  }
}

function known(stored: readonly StoredOffset[], { topic, partition }: TopicPartition): KnownOffset | null {
  const row = stored.find((one) => one.topic === topic && one.partition === partition);
  return row ? { nextOffset: row.next_offset, moving: row.moving } : null;
}

/** Commits watermarks: on time, on count, when asked. One commit under way at a time; a refused one is not repeated, the next carries its offsets. */
import { classify } from '../errors/classify.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CommitOffset, OffsetTracker } from './offset-tracker.ts';
import type { CommitPolicy } from './types.ts';

export type Committer = {
  /** One more record is done. */
  done(): void;
  tick(): void;
  /** Resolves when what was due is committed or refused; never rejects. */
  commitNow(): Promise<void>;
};

export type CommitterOptions = {
  readonly offsets: Pick<OffsetTracker, 'due' | 'confirmed'>;
  readonly policy: CommitPolicy;
  /** Null when nothing may be committed now. */
  readonly commit: () => ((offsets: readonly CommitOffset[]) => Promise<void>) | null;
  readonly onCommitted: (isOk: boolean) => void;
  readonly now: () => number;
  readonly log: Logger;
};

export function createCommitter({ offsets, policy, commit, onCommitted, now, log }: CommitterOptions): Committer {
  let doneSince = 0;
  let lastAt = 0;
  let underWay: Promise<void> | null = null;

  const commitOnce = async (): Promise<void> => {
    const send = commit();
    if (send === null) return;
    doneSince = 0;
    lastAt = now();
    const due = offsets.due();
    if (due.length === 0) return;
    try {
      await send(due);
      offsets.confirmed(due);
      onCommitted(true);
    } catch (error) {
      onCommitted(false);
      log.debug({ err: classify(error, 'receive') }, 'commit refused; the next one carries its offsets');
    }
  };

  const commitNow = (): Promise<void> => {
    underWay ??= commitOnce().finally(() => {
      underWay = null;
    });
    return underWay;
  };

  return {
    done() {
      if (++doneSince >= policy.everyRecords) void commitNow();
    },
    tick() {
      if (now() - lastAt >= policy.everyMs) void commitNow();
    },
    commitNow,
  };
}

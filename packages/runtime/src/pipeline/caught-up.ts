/** Waits until a group has committed everything that stood in its topics when asked. Looks at the group as a whole, not at this member. */
import type { KafkaAdmin } from '../kafka/types.ts';

export type CaughtUpOptions = {
  readonly admin: Pick<KafkaAdmin, 'logBounds' | 'groupOffsets'>;
  readonly group: string;
  readonly topics: readonly string[];
  /** Offered before each look. */
  readonly commitNow: () => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
};

const pollMs = 25;

/** Rejects with the signal's reason when it aborts first. */
export async function waitUntilCaughtUp(options: CaughtUpOptions, signal?: AbortSignal): Promise<void> {
  const { admin, group, topics } = options;
  const keyOf = (topic: string, partition: number) => `${topic}/${partition}`;
  const bounds = (await admin.logBounds(topics)).filter(({ logStartOffset, logEndOffset }) => logEndOffset > logStartOffset);
  for (;;) {
    signal?.throwIfAborted();
    await options.commitNow();
    const committed = new Map(
      (await admin.groupOffsets(group, topics)).map((one) => [keyOf(one.topic, one.partition), one.offset]),
    );
    if (bounds.every(({ topic, partition, logEndOffset }) => (committed.get(keyOf(topic, partition)) ?? -1) >= logEndOffset))
      return;
    await options.sleep(pollMs);
  }
}

/** Creates the topics of infra/topics on a cluster. Idempotent; never changes a topic that exists. */
import type { KafkaAdmin } from '@clinstream/runtime/kafka';
import { type TopicSpec, topicConfigOf } from '../../topics/topics.ts';

export type TopicCounts = {
  readonly partitions: number;
  /** Null: the broker's own default. */
  readonly replicationFactor: number | null;
  readonly minInSyncReplicas: number | null;
};

export type TopicsResult = {
  readonly created: readonly string[];
  /** Topics that exist with another partition count than asked for: told, not changed, because keys would move to other partitions. */
  readonly differing: readonly { readonly name: string; readonly partitions: number }[];
};

export async function createTopics(
  admin: Pick<KafkaAdmin, 'createTopics' | 'partitionCounts'>,
  specs: readonly TopicSpec[],
  counts: TopicCounts,
): Promise<TopicsResult> {
  const created = await admin.createTopics(
    specs.map((spec) => ({
      topic: spec.name,
      partitions: counts.partitions,
      ...(counts.replicationFactor === null ? {} : { replicationFactor: counts.replicationFactor }),
      config: topicConfigOf(spec, counts.minInSyncReplicas),
    })),
  );
  const found = await admin.partitionCounts(specs.map((spec) => spec.name));
  const differing = [...found].flatMap(([name, partitions]) => (partitions === counts.partitions ? [] : [{ name, partitions }]));
  return { created, differing };
}

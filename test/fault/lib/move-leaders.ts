/** Moves the leaders of all topics to the next broker: the wanted replica order is turned, and the controller elects the first within a second. */
import { allTopics } from '@clinstream/contracts';
import type { Rig } from './rig.ts';

/** Resolves with the number of partitions whose first replica was changed; the elections follow (see `fastElections` of the rig). */
export async function moveLeaders(rig: Rig, round: number): Promise<number> {
  const admin = rig.connection.client().admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [...allTopics] });
    const turned = topics.map(({ name, partitions }) => ({
      topic: name,
      partitionAssignment: partitions.map(({ partitionId, replicas }) => ({
        partition: partitionId,
        replicas: turn([...replicas].sort(), round + partitionId),
      })),
    }));
    await admin.alterPartitionReassignments({ topics: turned });
    return turned.reduce((sum, { partitionAssignment }) => sum + partitionAssignment.length, 0);
  } finally {
    await admin.disconnect();
  }
}

const turn = <T>(list: readonly T[], by: number): T[] => list.map((_, index) => list[(index + by) % list.length] as T);

/** Moves the leaders of all topics to the next broker: the wanted replica order is turned, and the controller elects the first within a second. */
import { allTopics } from '@clinstream/contracts';
import type { Rig } from './rig.ts';

type Leaders = ReadonlyMap<string, number>;

/** Turns every partition's replica order; the elections follow (see `fastElections` of the rig). */
export async function moveLeaders(rig: Rig, round: number): Promise<void> {
  await withAdmin(rig, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [...allTopics] });
    const turned = topics.map(({ name, partitions }) => ({
      topic: name,
      partitionAssignment: partitions.map(({ partitionId, replicas }) => ({
        partition: partitionId,
        replicas: turn([...replicas].sort(), round + partitionId),
      })),
    }));
    await admin.alterPartitionReassignments({ topics: turned });
  });
}

export async function leadersNow(rig: Rig): Promise<Leaders> {
  return withAdmin(rig, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [...allTopics] });
    return new Map(
      topics.flatMap(({ name, partitions }) => partitions.map((one) => [`${name}/${one.partitionId}`, one.leader] as const)),
    );
  });
}

export const movedBetween = (before: Leaders, after: Leaders): number =>
  [...after].filter(([name, leader]) => before.get(name) !== leader).length;

type Admin = ReturnType<ReturnType<Rig['connection']['client']>['admin']>;

async function withAdmin<T>(rig: Rig, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = rig.connection.client().admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

const turn = <T>(list: readonly T[], by: number): T[] => list.map((_, index) => list[(index + by) % list.length] as T);

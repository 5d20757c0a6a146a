/** `assignPartitions` as a kafkajs partition assigner. Members tell what they owned in their user data. Also tells when a join begins. */
import type { Assigner, PartitionAssigner } from 'kafkajs';
import { AssignerProtocol } from '../kafka/kafkajs.ts';
import { assignPartitions, type GroupMember } from './assignment.ts';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;
const version = 1;

export type AssignerHooks = {
  /** Partition numbers we own now. */
  readonly owned: () => readonly number[];
  /** kafkajs asks for the protocol at the start of every join: from here until GROUP_JOIN nothing may be committed. */
  readonly joining: () => void;
};

export const createAssigner =
  (hooks: AssignerHooks): PartitionAssigner =>
  ({ cluster }): Assigner => ({
    name: 'clinstream-copartition',
    version,
    async assign({ members, topics }) {
      const group = members.map(({ memberId, memberMetadata }) => memberOf(memberId, memberMetadata));
      const counts = new Map(topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]));
      return assignPartitions(group, counts).map(({ memberId, assignment }) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({ version, assignment, userData: Buffer.alloc(0) }),
      }));
    },
    protocol({ topics }) {
      hooks.joining();
      const userData = Buffer.from(JSON.stringify(hooks.owned()));
      return { name: 'clinstream-copartition', metadata: MemberMetadata.encode({ version, topics, userData }) };
    },
  });

function memberOf(memberId: string, metadata: Buffer): GroupMember {
  const decoded = MemberMetadata.decode(metadata);
  return { memberId, topics: decoded?.topics ?? [], owned: ownedFrom(decoded?.userData) };
}

/** Another version's member may say anything here; stickiness is a wish, never a reason to fail. */
function ownedFrom(userData: Buffer | undefined): readonly number[] {
  try {
    const owned: unknown = JSON.parse(String(userData));
    return Array.isArray(owned) ? owned.filter((number): number is number => Number.isInteger(number) && number >= 0) : [];
  } catch {
    return [];
  }
}

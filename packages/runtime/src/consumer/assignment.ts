/**
 * Who reads which partitions. Co-partitioned: one member gets the same partition numbers of every topic it reads, so that a patient's events
 * meet in one place. Balanced to within one number; sticky as far as balance allows. Pure and deterministic: any member may decide.
 */
export type GroupMember = {
  readonly memberId: string;
  readonly topics: readonly string[];
  /** Partition numbers it says it owned before. */
  readonly owned: readonly number[];
};
export type MemberPartitions = { readonly memberId: string; readonly assignment: Record<string, number[]> };

export function assignPartitions(
  members: readonly GroupMember[],
  partitionsOf: ReadonlyMap<string, number>,
): readonly MemberPartitions[] {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const owners = ownersOfNumbers(sorted, Math.max(0, ...partitionsOf.values()));
  const result = sorted.map(({ memberId }) => ({ memberId, assignment: {} as Record<string, number[]> }));
  for (const [topic, count] of partitionsOf) {
    const readers = sorted.flatMap((member, index) => (member.topics.includes(topic) ? [index] : []));
    for (let number = 0; number < count && readers.length > 0; number++) {
      const wanted = owners[number] as number;
      const reader = readers.includes(wanted) ? wanted : (readers[number % readers.length] as number);
      const assignment = (result[reader] as MemberPartitions).assignment;
      assignment[topic] = [...(assignment[topic] ?? []), number];
    }
  }
  return result;
}

/** Index of the owning member per partition number. */
function ownersOfNumbers(members: readonly GroupMember[], numbers: number): readonly number[] {
  const owners = new Array<number>(numbers).fill(-1);
  const load = new Array<number>(members.length).fill(0);
  const fair = Math.floor(numbers / members.length);
  let extras = numbers % members.length;
  members.forEach((member, index) => {
    for (const number of [...new Set(member.owned)].sort((a, b) => a - b)) {
      if (number >= numbers || owners[number] !== -1) continue;
      const held = load[index] as number;
      if (held > fair || (held === fair && extras === 0)) continue;
      if (held === fair) extras--;
      owners[number] = index;
      load[index] = held + 1;
    }
  });
  for (let number = 0; number < numbers; number++) {
    if (owners[number] !== -1) continue;
    const least = load.indexOf(Math.min(...load));
    owners[number] = least;
    load[least] = (load[least] as number) + 1;
  }
  return owners;
}

/** What ADT says of people: the newest acknowledged version, or a newer one that was sent, stands; an acknowledged merge shows. Pure. */
import type { Report } from './judge.ts';
import type { Evidence, SeenPerson, SentMerge, SentPerson } from './types.ts';

export function judgePeople({ people, merges, finalPeople }: Evidence, report: Report): { there: number; absent: number } {
  const counts = { there: 0, absent: 0 };
  const shown = new Map(finalPeople.map((person) => [person.patientKey, person]));
  for (const [patientKey, versions] of Map.groupBy(people, (one) => one.patientKey)) {
    const standing = judgePerson(patientKey, versions, shown.get(patientKey), report);
    for (const sent of versions.filter(({ acknowledgedAt }) => acknowledgedAt === null)) {
      if (sent.version === standing) counts.there++;
      else if (sent.version > standing) counts.absent++;
    }
  }
  for (const merge of merges) judgeMerge(merge, shown.get(merge.patientKey), report);
  judgeInventedMerges(merges, finalPeople, report);
  return counts;
}

/** Version that stands; 0 = none. */
function judgePerson(patientKey: string, versions: readonly SentPerson[], seen: SeenPerson | undefined, report: Report): number {
  const promised = Math.max(0, ...versions.filter((sent) => sent.acknowledgedAt !== null).map((sent) => sent.version));
  const standing = seen?.version ?? null;
  if (standing === null) {
    if (promised > 0) report('lost', `person ${patientKey}: version ${promised} was acknowledged, nothing is there`);
    return 0;
  }
  const match = versions.find((sent) => sent.version === standing);
  if (match === undefined) report('invented', `person ${patientKey}: version ${standing} was never sent`);
  else if (match.familyName !== seen?.familyName) report('wrong', `person ${patientKey}: shown as somebody else`);
  else if (standing < promised) report('stale', `person ${patientKey}: version ${standing} stands, ${promised} was acknowledged`);
  return standing;
}

function judgeMerge({ patientKey, survivorKey, acknowledgedAt }: SentMerge, seen: SeenPerson | undefined, report: Report): void {
  const isMerged = seen !== undefined && seen.survivorKey !== patientKey;
  if (isMerged && seen.survivorKey !== survivorKey)
    report('wrong', `merge of ${patientKey}: into ${seen.survivorKey}, not ${survivorKey}`);
  if (!isMerged && acknowledgedAt !== null) report('lost', `merge of ${patientKey}: acknowledged, and does not show`);
}

function judgeInventedMerges(merges: readonly SentMerge[], seen: readonly SeenPerson[], report: Report): void {
  const sent = new Set(merges.map(({ patientKey }) => patientKey));
  for (const { patientKey, survivorKey } of seen)
    if (survivorKey !== patientKey && !sent.has(patientKey)) report('invented', `merge of ${patientKey} into ${survivorKey}`);
}

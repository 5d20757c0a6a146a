/** Laboratory results and their corrections: the newest acknowledged version, or a newer one that was sent, is what must stand. Pure. */
import type { Report } from './judge.ts';
import type { Evidence, SeenResult, SentResult } from './types.ts';

export function judgeResults({ results, finalResults }: Evidence, report: Report): { there: number; absent: number } {
  const counts = { there: 0, absent: 0 };
  const shown = Map.groupBy(finalResults, (result) => result.observationId);
  for (const [id, versions] of Map.groupBy(results, (result) => result.observationId)) {
    const [seen, ...more] = shown.get(id) ?? [];
    if (more.length > 0) report('doubled', `result ${id}: ${more.length + 1} rows`);
    const standing = judgeVersion(id, versions, seen, report);
    for (const sent of versions.filter(({ acknowledgedAt }) => acknowledgedAt === null)) {
      if (sent.version === standing) counts.there++;
      else if (sent.version > standing) counts.absent++;
    }
  }
  return counts;
}

/** Version that stands; 0 = none. An unacknowledged one below it may have been there or not: nobody can tell, and nobody needs to. */
function judgeVersion(id: string, versions: readonly SentResult[], seen: SeenResult | undefined, report: Report): number {
  const promised = Math.max(0, ...versions.filter((sent) => sent.acknowledgedAt !== null).map((sent) => sent.version));
  if (seen === undefined) {
    if (promised > 0) report('lost', `result ${id}: version ${promised} was acknowledged, nothing is there`);
    return 0;
  }
  const match = versions.find((sent) => sent.value === seen.value);
  if (match === undefined) report('invented', `result ${id}: ${seen.value} was never sent`);
  else if (match.patientKey !== seen.patientKey) report('wrong', `result ${id}: shown under another patient`);
  else if (match.version < promised)
    report('stale', `result ${id}: version ${match.version} stands, ${promised} was acknowledged`);
  if (seen.version > versions.length)
    report('doubled', `result ${id}: changed ${seen.version} times by ${versions.length} events`);
  return match?.version ?? 0;
}

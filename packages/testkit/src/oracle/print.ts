/** A verdict as one line, and what was found as more. */
import { findings, isClean, type Verdict } from './types.ts';

export function formatVerdict(verdict: Verdict): string {
  const counts = findings.map((finding) => `${finding} ${verdict.found[finding].length}`).join(' ');
  const { acknowledged, unacknowledgedThere, unacknowledgedAbsent, failed, pairs, snapshots, people } = verdict;
  const open = `unacknowledged ${unacknowledgedThere} there ${unacknowledgedAbsent} absent`;
  return `acknowledged ${acknowledged} · ${counts} · ${open} · failed ${failed} · ${pairs} pairs, ${snapshots} looks, ${people} people`;
}

/** At most `most` lines per kind. */
export function formatFindings(verdict: Verdict, most = 5): readonly string[] {
  if (isClean(verdict)) return [];
  return findings.flatMap((finding) => {
    const cases = verdict.found[finding];
    const rest = cases.length > most ? [`${finding}: and ${cases.length - most} more`] : [];
    return [...cases.slice(0, most).map((line) => `${finding}: ${line}`), ...rest];
  });
}

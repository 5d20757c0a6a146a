/**
 * A patient as sync keeps it: the shared state, and the merges the record took part in, on either side, with the log time of each, which is
 * what the times of jobs are compared with (facts 6.4). Pure.
 */
import { type PatientEvent, type PatientState, reducePatient } from '@clinstream/contracts';

/** `other`: the record that was merged into this one, or the one this one was merged into. */
export type Merge = { readonly other: string; readonly sourceVersion: number; readonly at: number };
/** Without `merges` there were none. */
export type KnownPatient = PatientState & { readonly merges?: readonly Merge[] };

/** The state after one more event; the very same object when the event changes nothing. */
export const reduceKnownPatient =
  (loggedAt: number) =>
  (state: KnownPatient | null, event: PatientEvent): KnownPatient | null => {
    const next: KnownPatient | null = reducePatient(state, event);
    const merge = mergeOf(event, loggedAt);
    if (next === null || merge === null || (next.merges ?? []).some((one) => isSame(one, merge))) return next;
    const version = next === state ? next.version + 1 : next.version;
    return { ...next, merges: [...(next.merges ?? []), merge].sort(byTime), version };
  };

function mergeOf({ type, mergedInto, mergedFrom, sourceVersion }: PatientEvent, at: number): Merge | null {
  const other = mergedInto ?? mergedFrom;
  return type !== 'PatientsMerged' || other === null ? null : { other, sourceVersion, at };
}

const isSame = (one: Merge, other: Merge): boolean => one.other === other.other && one.sourceVersion === other.sourceVersion;
const byTime = (a: Merge, b: Merge): number => a.sourceVersion - b.sourceVersion || (a.other < b.other ? -1 : 1);

/** Whether a merge of the record came between request and end of a job, so that nobody knows for sure whom its result is about. */
export const wasMergedWhile = (
  patient: KnownPatient,
  { requestedAt, endedAt }: { readonly requestedAt: number | null; readonly endedAt: number | null },
): boolean => (patient.merges ?? []).some(({ at }) => at >= (requestedAt ?? 0) && (endedAt === null || at <= endedAt));

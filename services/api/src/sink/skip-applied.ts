/**
 * Takes out the clinical events that took effect before: known by their id, whatever message time they carry now (ADR 0004). The id names the
 * fact, the source version only ranks it among others, so a resend with a renewed time must not outrank what came after the first sending.
 * Not for AI jobs, whose reducer ranks by generation and attempt and needs no such memory, and not for messages, of which the first stays.
 */
import type { Transaction } from '@clinstream/runtime/postgres';
import type { SortedRecords } from './sort-records.ts';
import { claimEvents } from './sql/claim-events.ts';
import type { KindInput } from './write-kind.ts';

export const clinicalKinds = ['patients', 'orders', 'observations'] as const;
export type ClinicalKind = (typeof clinicalKinds)[number];
export type SkippedEvents = Readonly<Record<ClinicalKind, number>>;

export async function skipApplied(
  tx: Transaction,
  sorted: SortedRecords,
): Promise<{ readonly fresh: SortedRecords; readonly skipped: SkippedEvents }> {
  const claimed = await claimEvents(
    tx,
    firstOfEach(clinicalKinds.flatMap((kind): readonly KindInput<unknown>[] => sorted[kind])),
  );
  const taken = new Set<string>();
  /** The first of those with one id in this flush, if none was before it. */
  const isFresh = ({ eventId }: KindInput<unknown>): boolean => {
    if (!claimed.has(eventId) || taken.has(eventId)) return false;
    taken.add(eventId);
    return true;
  };
  const fresh: SortedRecords = {
    ...sorted,
    patients: sorted.patients.filter(isFresh),
    orders: sorted.orders.filter(isFresh),
    observations: sorted.observations.filter(isFresh),
  };
  const skippedOf = (kind: ClinicalKind): number => sorted[kind].length - fresh[kind].length;
  return {
    fresh,
    skipped: { patients: skippedOf('patients'), orders: skippedOf('orders'), observations: skippedOf('observations') },
  };
}

const firstOfEach = (inputs: readonly KindInput<unknown>[]): readonly KindInput<unknown>[] => {
  const first = new Map<string, KindInput<unknown>>();
  for (const input of inputs) if (!first.has(input.eventId)) first.set(input.eventId, input);
  return [...first.values()];
};

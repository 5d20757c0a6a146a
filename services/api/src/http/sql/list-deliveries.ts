/**
 * One page of deliveries, newest first, by keyset, and how many match a filter. The text is built from the filter, so that a patient, the few
 * that were not delivered, or time leads.
 */
import type { DeliveryOutcome, DeliveryState, SubjectKind, SyncTarget } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { Cursor } from '../../domain/cursor.ts';
import { deliveries, deliveryFromRow } from '../../sink/delivery-table.ts';

export type DeliveryFilter = {
  readonly target: SyncTarget | null;
  readonly outcome: DeliveryOutcome | null;
  readonly patientKey: string | null;
  readonly subjectKind: SubjectKind | null;
  readonly subjectId: string | null;
  /** Epoch milliseconds of the outcome, inclusive. */
  readonly since: number | null;
  readonly after: Cursor | null;
};

const columns = deliveries.columns.map(({ name }) => name).join(', ');

export function listDeliveriesStatement(
  filter: DeliveryFilter,
  limit: number,
): { readonly text: string; readonly values: unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const { target, outcome, patientKey, subjectKind, subjectId, since, after } = filter;
  const conditions = [
    target === null ? null : `target = ${bind(target)}`,
    outcome === null ? null : `outcome = ${bind(outcome)}`,
    // Spelled out, so that the index of those may serve.
    outcome === null || outcome === 'delivered' ? null : `outcome <> 'delivered'`,
    patientKey === null ? null : `patient_key = ${bind(patientKey)}`,
    subjectKind === null ? null : `subject_kind = ${bind(subjectKind)}`,
    subjectId === null ? null : `subject_id = ${bind(subjectId)}`,
    since === null ? null : `at >= ${bind(since)}`,
    after === null ? null : `(at, delivery_id) < (${bind(after.at)}::bigint, ${bind(after.id)})`,
  ].filter((condition) => condition !== null);
  const text = `SELECT ${columns} FROM api.deliveries
${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
ORDER BY at DESC, delivery_id DESC LIMIT ${bind(limit)}`;
  return { text, values };
}

export async function listDeliveries(db: Queryable, filter: DeliveryFilter, limit: number): Promise<readonly DeliveryState[]> {
  const { text, values } = listDeliveriesStatement(filter, limit);
  return (await db.query(text, values)).rows.map(deliveryFromRow);
}

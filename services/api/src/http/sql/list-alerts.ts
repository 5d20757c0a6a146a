/** One page of alerts, newest first, by keyset; the open ones have an index of their own. */
import type { AlertKind, AlertState } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { Cursor } from '../../domain/cursor.ts';
import { alertFromRow, alerts } from '../../sink/alert-table.ts';

export type AlertFilter = {
  readonly status: AlertState['status'] | null;
  readonly kind: AlertKind | null;
  readonly patientKey: string | null;
  readonly after: Cursor | null;
};

const columns = alerts.columns.map(({ name }) => name).join(', ');
const statusCondition = { open: `status = 'open'`, acknowledged: `status = 'acknowledged'` } as const;

export function listAlertsStatement(filter: AlertFilter, limit: number): { readonly text: string; readonly values: unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const { status, kind, patientKey, after } = filter;
  const conditions = [
    // Not bound, so that the index of the open ones may serve whatever the plan.
    status === null ? null : statusCondition[status],
    kind === null ? null : `kind = ${bind(kind)}`,
    patientKey === null ? null : `patient_key = ${bind(patientKey)}`,
    after === null ? null : `(raised_at, alert_id) < (${bind(after.at)}::bigint, ${bind(after.id)})`,
  ].filter((condition) => condition !== null);
  const text = `SELECT ${columns} FROM api.alerts
${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
ORDER BY raised_at DESC, alert_id DESC LIMIT ${bind(limit)}`;
  return { text, values };
}

export async function listAlerts(db: Queryable, filter: AlertFilter, limit: number): Promise<readonly AlertState[]> {
  const { text, values } = listAlertsStatement(filter, limit);
  return (await db.query(text, values)).rows.map(alertFromRow);
}

/** One alert per row of api.alerts. */
import type { AlertState } from '@clinstream/contracts';
import type { Row } from '@clinstream/runtime/postgres';
import { column, type Table } from './sql/table.ts';

export const alerts: Table<AlertState> = {
  name: 'api.alerts',
  key: 'alert_id',
  columns: [
    column('alert_id', 'text', (s) => s.alertId),
    column('patient_key', 'text', (s) => s.patientKey),
    column('kind', 'text', (s) => s.kind),
    column('subject_kind', 'text', (s) => s.subjectKind),
    column('subject_id', 'text', (s) => s.subjectId),
    column('status', 'text', (s) => s.status),
    column('level', 'integer', (s) => s.level),
    column('superseded', 'boolean', (s) => s.superseded),
    column('raised_at', 'bigint', (s) => s.raisedAt),
    column('acknowledged_by', 'text', (s) => s.acknowledgedBy),
    column('acknowledged_at', 'bigint', (s) => s.acknowledgedAt),
    column('version', 'integer', (s) => s.version),
  ],
};

export type AlertRow = {
  readonly alert_id: string;
  readonly patient_key: string;
  readonly kind: AlertState['kind'];
  readonly subject_kind: AlertState['subjectKind'];
  readonly subject_id: string;
  readonly status: AlertState['status'];
  readonly level: number;
  readonly superseded: boolean;
  readonly raised_at: number;
  readonly acknowledged_by: string | null;
  readonly acknowledged_at: number | null;
  readonly version: number;
};

export function alertFromRow(from: Row): AlertState {
  const row = from as AlertRow;
  return {
    alertId: row.alert_id,
    patientKey: row.patient_key,
    kind: row.kind,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    status: row.status,
    level: row.level,
    superseded: row.superseded,
    raisedAt: row.raised_at,
    acknowledgedBy: row.acknowledged_by,
    acknowledgedAt: row.acknowledged_at,
    version: row.version,
  };
}

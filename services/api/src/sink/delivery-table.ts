/** Where one subject stands in one target, per row of api.deliveries. */
import type { DeliveryState } from '@clinstream/contracts';
import type { Row } from '@clinstream/runtime/postgres';
import { column, type Table } from './sql/table.ts';

export const deliveries: Table<DeliveryState> = {
  name: 'api.deliveries',
  key: 'delivery_id',
  columns: [
    column('delivery_id', 'text', (s) => s.deliveryId),
    column('target', 'text', (s) => s.target),
    column('subject_kind', 'text', (s) => s.subjectKind),
    column('subject_id', 'text', (s) => s.subjectId),
    column('patient_key', 'text', (s) => s.patientKey),
    column('outcome', 'text', (s) => s.outcome),
    column('revision', 'bigint', (s) => s.revision),
    column('content_digest', 'text', (s) => s.contentDigest),
    column('remote_id', 'text', (s) => s.remoteId),
    column('remote_version', 'text', (s) => s.remoteVersion),
    column('acknowledgement', 'text', (s) => s.acknowledgement),
    column('code', 'text', (s) => s.code),
    column('attempts', 'integer', (s) => s.attempts),
    column('subject_version', 'bigint', (s) => s.subjectVersion),
    column('changed_at', 'bigint', (s) => s.changedAt),
    column('at', 'bigint', (s) => s.at),
    column('version', 'integer', (s) => s.version),
  ],
};

export type DeliveryRow = {
  readonly delivery_id: string;
  readonly target: DeliveryState['target'];
  readonly subject_kind: DeliveryState['subjectKind'];
  readonly subject_id: string;
  readonly patient_key: string | null;
  readonly outcome: DeliveryState['outcome'];
  readonly revision: number;
  readonly content_digest: string | null;
  readonly remote_id: string | null;
  readonly remote_version: string | null;
  readonly acknowledgement: string | null;
  readonly code: string | null;
  readonly attempts: number;
  readonly subject_version: number;
  readonly changed_at: number;
  readonly at: number;
  readonly version: number;
};

export function deliveryFromRow(from: Row): DeliveryState {
  const row = from as DeliveryRow;
  return {
    deliveryId: row.delivery_id,
    target: row.target,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    patientKey: row.patient_key,
    outcome: row.outcome,
    revision: row.revision,
    contentDigest: row.content_digest,
    remoteId: row.remote_id,
    remoteVersion: row.remote_version,
    acknowledgement: row.acknowledgement,
    code: row.code,
    attempts: row.attempts,
    subjectVersion: row.subject_version,
    changedAt: row.changed_at,
    at: row.at,
    version: row.version,
  };
}

/** One order per row of api.orders. */
import type { OrderState } from '@clinstream/contracts';
import type { Row } from '@clinstream/runtime/postgres';
import { column, type Table } from './sql/table.ts';

export const orders: Table<OrderState> = {
  name: 'api.orders',
  key: 'order_id',
  columns: [
    column('order_id', 'text', (s) => s.orderId),
    column('patient_key', 'text', (s) => s.patientKey),
    column('placer_number', 'text', (s) => s.placerNumber),
    column('placer_authority', 'text', (s) => s.placerAuthority),
    column('filler_number', 'text', (s) => s.fillerNumber),
    column('kind', 'text', (s) => s.kind),
    column('priority', 'text', (s) => s.priority),
    column('code', 'text', (s) => s.code.code),
    column('code_system', 'text', (s) => s.code.system),
    column('code_display', 'text', (s) => s.code.display),
    column('note', 'text', (s) => s.note),
    column('content_digest', 'text', (s) => s.contentDigest),
    column('requested_by', 'text', (s) => s.requestedBy),
    column('requested_at', 'bigint', (s) => s.requestedAt),
    column('analysis_job_id', 'text', (s) => s.analysisJobId),
    column('status', 'text', (s) => s.status),
    column('content_version', 'bigint', (s) => s.contentVersion),
    column('placed', 'boolean', (s) => s.placed),
    column('cancel_requested_version', 'bigint', (s) => s.cancelRequestedVersion),
    column('cancelled_version', 'bigint', (s) => s.cancelledVersion),
    column('conflicting', 'boolean', (s) => s.conflicting),
    column('version', 'integer', (s) => s.version),
  ],
};

type OrderRow = {
  readonly order_id: string;
  readonly patient_key: string;
  readonly placer_number: string;
  readonly placer_authority: string;
  readonly filler_number: string | null;
  readonly kind: OrderState['kind'];
  readonly priority: OrderState['priority'];
  readonly code: string;
  readonly code_system: string;
  readonly code_display: string | null;
  readonly note: string | null;
  readonly content_digest: string;
  readonly requested_by: string;
  readonly requested_at: number;
  readonly analysis_job_id: string | null;
  readonly status: OrderState['status'];
  readonly content_version: number;
  readonly placed: boolean;
  readonly cancel_requested_version: number | null;
  readonly cancelled_version: number | null;
  readonly conflicting: boolean;
  readonly version: number;
};

export function orderFromRow(from: Row): OrderState {
  const row = from as OrderRow;
  return {
    orderId: row.order_id,
    patientKey: row.patient_key,
    placerNumber: row.placer_number,
    placerAuthority: row.placer_authority,
    fillerNumber: row.filler_number,
    kind: row.kind,
    priority: row.priority,
    code: { code: row.code, system: row.code_system, display: row.code_display },
    note: row.note,
    contentDigest: row.content_digest,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    analysisJobId: row.analysis_job_id,
    status: row.status,
    contentVersion: row.content_version,
    placed: row.placed,
    cancelRequestedVersion: row.cancel_requested_version,
    cancelledVersion: row.cancelled_version,
    conflicting: row.conflicting,
    version: row.version,
  };
}

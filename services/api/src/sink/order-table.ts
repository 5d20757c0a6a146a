/** One order per row of api.orders. */
import { isCancelRefused, type OrderState } from '@clinstream/contracts';
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
    column('cancel_refused_version', 'bigint', (s) => s.cancelRefusedVersion),
    column('completed_version', 'bigint', (s) => s.completedVersion),
    column('specimen_id', 'text', (s) => s.specimen?.id ?? null),
    column('specimen_code', 'text', (s) => s.specimen?.code?.code ?? null),
    column('specimen_code_system', 'text', (s) => s.specimen?.code?.system ?? null),
    column('specimen_code_display', 'text', (s) => s.specimen?.code?.display ?? null),
    column('specimen_collected_at', 'text', (s) => s.specimen?.collectedAt ?? null),
    column('ordering_provider_id', 'text', (s) => s.orderingProvider?.id ?? null),
    column('ordering_provider_authority', 'text', (s) => s.orderingProvider?.authority ?? null),
    column('parent_order_id', 'text', (s) => s.parentOrderId),
    column('specimen_rejected_version', 'bigint', (s) => s.specimenRejectedVersion),
    column('specimen_reject_reasons', 'text', (s) =>
      s.specimenRejectReasons.length === 0 ? null : s.specimenRejectReasons.join(' '),
    ),
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
  readonly cancel_refused_version: number | null;
  readonly completed_version: number | null;
  readonly specimen_id: string | null;
  readonly specimen_code: string | null;
  readonly specimen_code_system: string | null;
  readonly specimen_code_display: string | null;
  readonly specimen_collected_at: string | null;
  readonly ordering_provider_id: string | null;
  readonly ordering_provider_authority: string | null;
  readonly parent_order_id: string | null;
  readonly specimen_rejected_version: number | null;
  /** Codes without spaces, joined by one. */
  readonly specimen_reject_reasons: string | null;
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
    cancelRefusedVersion: row.cancel_refused_version,
    completedVersion: row.completed_version,
    cancelRefused: isCancelRefused(row.cancel_requested_version, row.cancel_refused_version),
    specimen: specimenFrom(row),
    orderingProvider:
      row.ordering_provider_id === null ? null : { id: row.ordering_provider_id, authority: row.ordering_provider_authority },
    parentOrderId: row.parent_order_id,
    specimenRejectedVersion: row.specimen_rejected_version,
    specimenRejectReasons: row.specimen_reject_reasons?.split(' ') ?? [],
    conflicting: row.conflicting,
    version: row.version,
  };
}

function specimenFrom(row: OrderRow): OrderState['specimen'] {
  const { specimen_id: id, specimen_code: code, specimen_collected_at: collectedAt } = row;
  if (id === null && code === null && collectedAt === null) return null;
  const coding = code === null ? null : { code, system: row.specimen_code_system ?? '', display: row.specimen_code_display };
  return { id, code: coding, collectedAt };
}

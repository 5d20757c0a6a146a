/** One laboratory result per row of api.observations. */
import type { Row } from '@clinstream/runtime/postgres';
import type { StoredObservation } from '../domain/stored-observation.ts';
import { column, type Table } from './sql/table.ts';

export const observations: Table<StoredObservation> = {
  name: 'api.observations',
  key: 'observation_id',
  columns: [
    column('observation_id', 'text', (s) => s.observationId),
    column('patient_key', 'text', (s) => s.patientKey),
    column('order_id', 'text', (s) => s.orderId),
    column('code', 'text', (s) => s.code.code),
    column('code_system', 'text', (s) => s.code.system),
    column('code_display', 'text', (s) => s.code.display),
    column('sub_id', 'text', (s) => s.subId),
    column('value_numeric', 'double precision', (s) => s.value.numeric),
    column('value_comparator', 'text', (s) => s.value.comparator),
    column('value_text', 'text', (s) => s.value.text),
    column('value_unit', 'text', (s) => s.value.unit),
    column('status', 'text', (s) => s.status),
    column('abnormal_flag', 'text', (s) => s.abnormalFlag),
    column('reference_range', 'text', (s) => s.referenceRange),
    column('effective_at', 'text', (s) => s.effectiveAt),
    column('source_version', 'bigint', (s) => s.sourceVersion),
    column('changed_at', 'bigint', (s) => s.changedAt),
    column('corrected_at', 'bigint', (s) => s.correctedAt),
    column('version', 'integer', (s) => s.version),
  ],
};

type ObservationRow = {
  readonly observation_id: string;
  readonly patient_key: string;
  readonly order_id: string | null;
  readonly code: string;
  readonly code_system: string;
  readonly code_display: string | null;
  readonly sub_id: string | null;
  readonly value_numeric: number | null;
  readonly value_comparator: string | null;
  readonly value_text: string | null;
  readonly value_unit: string | null;
  readonly status: StoredObservation['status'];
  readonly abnormal_flag: string | null;
  readonly reference_range: string | null;
  readonly effective_at: string | null;
  readonly source_version: number;
  readonly changed_at: number;
  readonly corrected_at: number | null;
  readonly version: number;
};

export function observationFromRow(from: Row): StoredObservation {
  const row = from as ObservationRow;
  return {
    observationId: row.observation_id,
    patientKey: row.patient_key,
    orderId: row.order_id,
    code: { code: row.code, system: row.code_system, display: row.code_display },
    subId: row.sub_id,
    value: { numeric: row.value_numeric, comparator: row.value_comparator, text: row.value_text, unit: row.value_unit },
    status: row.status,
    abnormalFlag: row.abnormal_flag,
    referenceRange: row.reference_range,
    effectiveAt: row.effective_at,
    sourceVersion: row.source_version,
    changedAt: row.changed_at,
    correctedAt: row.corrected_at,
    version: row.version,
  };
}

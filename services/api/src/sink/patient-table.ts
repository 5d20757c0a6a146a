/** One patient per row of api.patients. Demographics never seen stand as demographics_version -1. */
import type { Row } from '@clinstream/runtime/postgres';
import type { StoredPatient } from '../domain/stored-patient.ts';
import { column, type Table } from './sql/table.ts';

export const patients: Table<StoredPatient> = {
  name: 'api.patients',
  key: 'patient_key',
  columns: [
    column('patient_key', 'text', (s) => s.patientKey),
    column('family_name', 'text', (s) => s.demographics?.familyName ?? null),
    column('given_name', 'text', (s) => s.demographics?.givenName ?? null),
    column('birth_date', 'text', (s) => s.demographics?.birthDate ?? null),
    column('sex', 'text', (s) => s.demographics?.sex ?? null),
    column('demographics_version', 'bigint', (s) => s.demographicsVersion),
    column('merged_into', 'text', (s) => s.mergedInto),
    column('merged_version', 'bigint', (s) => s.mergedVersion),
    column('merged_at', 'bigint', (s) => s.mergedAt),
    column('version', 'integer', (s) => s.version),
  ],
};

export type PatientRow = {
  readonly patient_key: string;
  readonly family_name: string | null;
  readonly given_name: string | null;
  readonly birth_date: string | null;
  readonly sex: string | null;
  readonly demographics_version: number;
  readonly merged_into: string | null;
  readonly merged_version: number;
  readonly merged_at: number | null;
  readonly version: number;
};

export function patientFromRow(from: Row): StoredPatient {
  const row = from as PatientRow;
  const demographics = {
    familyName: row.family_name,
    givenName: row.given_name,
    birthDate: row.birth_date,
    sex: row.sex,
  };
  return {
    patientKey: row.patient_key,
    demographics: row.demographics_version < 0 ? null : demographics,
    demographicsVersion: row.demographics_version,
    mergedInto: row.merged_into,
    mergedVersion: row.merged_version,
    mergedAt: row.merged_at,
    version: row.version,
  };
}

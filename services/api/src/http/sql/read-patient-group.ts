/**
 * Everyone a patient key stands for: the survivor at the end of its merges, and all who were ever merged into that one.
 * The way up is bounded, so that merges in a circle (two systems that disagree) end somewhere; the way down ends by UNION.
 */
import type { Queryable } from '@clinstream/runtime/postgres';
import type { PatientRow } from '../../sink/patient-table.ts';

export type PatientGroupRow = Omit<PatientRow, 'version'> & {
  readonly survivor: string;
  readonly member: string;
  readonly version: number | null;
};

export const readPatientGroupStatement = {
  name: 'api read patient group',
  text: `WITH RECURSIVE up(patient_key, depth) AS (
  SELECT $1::text COLLATE "C", 0
  UNION SELECT p.merged_into, up.depth + 1 FROM up JOIN api.patients p ON p.patient_key = up.patient_key
  WHERE p.merged_into IS NOT NULL AND up.depth < 16
), survivor AS (SELECT patient_key FROM up ORDER BY depth DESC LIMIT 1
), down(patient_key) AS (
  SELECT patient_key FROM survivor
  UNION SELECT p.patient_key FROM down JOIN api.patients p ON p.merged_into = down.patient_key
)
SELECT (SELECT patient_key FROM survivor) AS survivor, down.patient_key AS member, p.*
FROM down LEFT JOIN api.patients p ON p.patient_key = down.patient_key ORDER BY down.patient_key`,
};

export const readPatientGroup = async (db: Queryable, patientKey: string): Promise<readonly PatientGroupRow[]> =>
  (await db.query<PatientGroupRow>(readPatientGroupStatement, [patientKey])).rows;

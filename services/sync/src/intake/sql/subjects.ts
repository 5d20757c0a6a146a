/** The state of subjects: read under a lock, written by row version. */
import type { Queryable } from '@clinstream/runtime/postgres';
import type { Subject } from '../../domain/subject.ts';
import type { SubjectName } from '../topics.ts';

export type StoredSubject = SubjectName & { readonly state: Subject['state']; readonly row_version: number };

/** FOR UPDATE: of two batches that meet in one subject during a rebalance the second builds on what the first wrote. Ordered: no circles. */
export const loadSubjects = async (
  tx: Queryable,
  target: string,
  names: readonly SubjectName[],
): Promise<readonly StoredSubject[]> =>
  (
    await tx.query<StoredSubject>(
      {
        name: 'sync load subjects',
        text: `SELECT s.kind, s.id, s.state, s.row_version FROM sync.subjects s
JOIN unnest($2::text[], $3::text[]) AS n(kind, id) USING (kind, id)
WHERE s.target = $1 ORDER BY s.kind, s.id FOR UPDATE OF s`,
      },
      [target, names.map(({ kind }) => kind), names.map(({ id }) => id)],
    )
  ).rows;

export type SubjectChange = {
  readonly subject: Subject;
  readonly id: string;
  readonly patientKey: string;
  readonly links: readonly string[];
  readonly changedAt: number;
  /** Of the last event that changed it. */
  readonly isHistory: boolean;
  /** Null: not stored yet. */
  readonly baseVersion: number | null;
};

const columns = (changes: readonly SubjectChange[]) => [
  changes.map(({ subject }) => subject.kind),
  changes.map(({ id }) => id),
  changes.map(({ patientKey }) => patientKey),
  changes.map(({ subject }) => JSON.stringify(subject.state)),
  changes.map(({ links }) => JSON.stringify(links)),
  changes.map(({ changedAt }) => changedAt),
];
const shape = 'unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[]';

/** How many were written: fewer than asked means that another batch was there first. */
export async function writeSubjects(tx: Queryable, target: string, changes: readonly SubjectChange[]): Promise<number> {
  const added = changes.filter(({ baseVersion }) => baseVersion === null);
  const updated = changes.filter(({ baseVersion }) => baseVersion !== null);
  let written = 0;
  if (added.length > 0) written += (await tx.query(insertSubjects, [target, ...columns(added)])).rowCount;
  if (updated.length > 0) {
    const versions = updated.map(({ baseVersion }) => baseVersion);
    written += (await tx.query(updateSubjects, [target, ...columns(updated), versions])).rowCount;
  }
  return written;
}

const insertSubjects = {
  name: 'sync insert subjects',
  text: `INSERT INTO sync.subjects (target, kind, id, patient_key, state, links, changed_at, row_version)
SELECT $1, kind, id, patient_key, state::json, ARRAY(SELECT json_array_elements_text(links::json)), changed_at, 1
FROM ${shape}) AS n(kind, id, patient_key, state, links, changed_at) ORDER BY kind, id ON CONFLICT DO NOTHING`,
};

const updateSubjects = {
  name: 'sync update subjects',
  text: `UPDATE sync.subjects s SET patient_key = n.patient_key, state = n.state::json,
  links = ARRAY(SELECT json_array_elements_text(n.links::json)), changed_at = n.changed_at, row_version = s.row_version + 1
FROM ${shape}, $8::bigint[]) AS n(kind, id, patient_key, state, links, changed_at, base_version)
WHERE s.target = $1 AND s.kind = n.kind AND s.id = n.id AND s.row_version = n.base_version`,
};

/** Subjects that are rendered with one of these and stand in the ledger: what changed outside themselves may show in them. */
export const readDependents = async (
  tx: Queryable,
  target: string,
  ids: readonly string[],
): Promise<readonly (SubjectName & { readonly patient_key: string })[]> =>
  (
    await tx.query<SubjectName & { readonly patient_key: string }>(
      {
        name: 'sync dependents',
        text: `SELECT d.kind, d.id, d.patient_key FROM sync.subjects s JOIN sync.deliveries d USING (target, kind, id)
WHERE s.target = $1 AND s.links && $2::text[]`,
      },
      [target, ids],
    )
  ).rows;

/**
 * Says that subjects wait to be delivered. Patients before deliveries, each in order, as everybody who locks both: no circles.
 * A mark that comes while a delivery is under way outlives it, because the outcome only clears the mark it read (domain/settle.ts).
 */
import type { Queryable } from '@clinstream/runtime/postgres';
import type { SubjectName } from '../topics.ts';

export type Mark = SubjectName & {
  readonly patientKey: string;
  readonly loggedAt: number;
  /** See domain/head-start.ts. */
  readonly headStartMs: number;
  readonly isHistory: boolean;
};

export async function markWaiting(tx: Queryable, target: string, marks: readonly Mark[]): Promise<void> {
  if (marks.length === 0) return;
  await wakePatients(tx, target, headStarts(marks));
  await tx.query(
    {
      name: 'sync mark waiting',
      text: `INSERT INTO sync.deliveries AS d (target, kind, id, patient_key, waiting, mark, waiting_since, history, force, attempts, revision)
SELECT $1, kind, id, patient_key, true, 1, logged_at, history, false, 0, 0
FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[]) WITH ORDINALITY AS m(kind, id, patient_key, logged_at, history, n) ORDER BY n
ON CONFLICT (target, kind, id) DO UPDATE SET waiting = true, mark = d.mark + 1, patient_key = excluded.patient_key, attempts = 0,
  history = d.history AND excluded.history,
  waiting_since = CASE WHEN d.waiting THEN d.waiting_since ELSE excluded.waiting_since END,
  not_before = CASE WHEN d.waiting THEN d.not_before END`,
    },
    [
      target,
      marks.map(({ kind }) => kind),
      marks.map(({ id }) => id),
      marks.map(({ patientKey }) => patientKey),
      marks.map(({ loggedAt }) => loggedAt),
      marks.map(({ isHistory }) => isHistory),
    ],
  );
}

/** The longest of each patient. */
function headStarts(marks: readonly Mark[]): ReadonlyMap<string, number> {
  const longest = new Map<string, number>();
  for (const { patientKey, headStartMs } of marks) longest.set(patientKey, Math.max(headStartMs, longest.get(patientKey) ?? 0));
  return longest;
}

const wakePatients = (tx: Queryable, target: string, patients: ReadonlyMap<string, number>) =>
  tx.query(
    {
      name: 'sync wake patients',
      text: `INSERT INTO sync.patients AS p (target, patient_key, due_at)
SELECT $1, patient_key, now() - head_start_ms * interval '1 millisecond'
FROM unnest($2::text[], $3::bigint[]) AS m(patient_key, head_start_ms) ORDER BY patient_key COLLATE "C"
ON CONFLICT (target, patient_key) DO UPDATE SET due_at = least(p.due_at, excluded.due_at)`,
    },
    [target, [...patients.keys()], [...patients.values()]],
  );

export type Redelivery = SubjectName & { readonly askedAt: number; readonly loggedAt: number };

/** Known subjects only, each request once. How many were heeded. */
export async function markForced(tx: Queryable, target: string, requests: readonly Redelivery[]): Promise<number> {
  if (requests.length === 0) return 0;
  const values = [
    target,
    requests.map(({ kind }) => kind),
    requests.map(({ id }) => id),
    requests.map(({ askedAt }) => askedAt),
    requests.map(({ loggedAt }) => loggedAt),
  ];
  const { rows } = await tx.query<{ patient_key: string }>(
    {
      name: 'sync patients of redeliveries',
      text: `SELECT DISTINCT d.patient_key FROM sync.deliveries d
JOIN unnest($2::text[], $3::text[], $4::bigint[]) AS r(kind, id, asked_at) USING (kind, id)
WHERE d.target = $1 AND r.asked_at > coalesce(d.forced_at, -1)`,
    },
    values.slice(0, 4),
  );
  if (rows.length === 0) return 0;
  await wakePatients(tx, target, new Map(rows.map(({ patient_key }) => [patient_key, 0])));
  const { rowCount } = await tx.query(
    {
      name: 'sync mark forced',
      text: `UPDATE sync.deliveries d SET waiting = true, force = true, forced_at = r.asked_at, mark = d.mark + 1, attempts = 0,
  not_before = NULL, waiting_since = CASE WHEN d.waiting THEN d.waiting_since ELSE r.logged_at END
FROM (SELECT DISTINCT ON (kind, id) * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS u(kind, id, asked_at, logged_at)
  ORDER BY kind, id, asked_at DESC) AS r
WHERE d.target = $1 AND d.kind = r.kind AND d.id = r.id AND r.asked_at > coalesce(d.forced_at, -1)`,
    },
    values,
  );
  return rowCount;
}

/** Writes of the ledger. All within the fence of claims.ts: the intent by its condition, the outcome by `lockHeld` in the same transaction. */
import type { Queryable } from '@clinstream/runtime/postgres';
import type { Claim, Holder } from './claims.ts';
import { type DeliveryRow, deliveryColumns } from './works.ts';

export type IntentRow = { readonly kind: string; readonly id: string; readonly digest: string; readonly memo: string | null };

/** How many were written: fewer than asked means that the patient is no longer ours. FOR SHARE: it stays ours until this is durable. */
export async function writeIntents(
  db: Queryable,
  { target, holder }: Holder,
  { patientKey, epoch }: Claim,
  intents: readonly IntentRow[],
  at: number,
): Promise<number> {
  const { rowCount } = await db.query(
    {
      name: 'sync write intents',
      text: `WITH held AS (
  SELECT 1 FROM sync.patients WHERE target = $1 AND patient_key = $2 AND holder = $3 AND epoch = $4 FOR SHARE
)
UPDATE sync.deliveries d SET intent_digest = i.digest, intent_memo = i.memo::json, intent_at = $9
FROM unnest($5::text[], $6::text[], $7::text[], $8::text[]) AS i(kind, id, digest, memo)
WHERE d.target = $1 AND d.kind = i.kind AND d.id = i.id AND EXISTS (SELECT 1 FROM held)`,
    },
    [
      target,
      patientKey,
      holder,
      epoch,
      intents.map(({ kind }) => kind),
      intents.map(({ id }) => id),
      intents.map(({ digest }) => digest),
      intents.map(({ memo }) => memo),
      at,
    ],
  );
  return rowCount;
}

type Names = readonly { readonly kind: string; readonly id: string }[];

/** None when another has taken over: whoever has not locked the patient must not wait here for who has. */
export const lockDeliveries = async (
  tx: Queryable,
  { target, holder }: Holder,
  { patientKey, epoch }: Claim,
  names: Names,
): Promise<readonly DeliveryRow[]> =>
  (
    await tx.query<DeliveryRow>(
      {
        name: 'sync lock deliveries',
        text: `SELECT ${deliveryColumns.map((name) => `d.${name}`).join(', ')} FROM sync.deliveries d
JOIN unnest($2::text[], $3::text[]) AS n(kind, id) USING (kind, id)
WHERE d.target = $1 AND EXISTS (SELECT 1 FROM sync.patients WHERE target = $1 AND patient_key = $4 AND holder = $5 AND epoch = $6)
ORDER BY d.seq FOR UPDATE OF d`,
      },
      [target, names.map(({ kind }) => kind), names.map(({ id }) => id), patientKey, holder, epoch],
    )
  ).rows;

export type SettledRow = {
  readonly kind: string;
  readonly id: string;
  readonly waiting: boolean;
  readonly force: boolean;
  readonly attempts: number;
  readonly retry_in_ms: number | null;
  readonly clears_intent: boolean;
  readonly outcome: string | null;
  readonly digest: string | null;
  readonly remote_id: string | null;
  readonly remote_version: string | null;
  readonly acknowledgement: string | null;
  readonly code: string | null;
  /** JSON, as text. */
  readonly detail: string | null;
  readonly memo: string | null;
  readonly refused: string | null;
  readonly outcome_at: number | null;
  readonly revision: number;
};

/** `waiting_since` begins anew when a mark came meanwhile: what it stood for has its outcome. */
export async function writeOutcomes(tx: Queryable, target: string, rows: readonly SettledRow[]): Promise<void> {
  await tx.query(
    {
      name: 'sync write outcomes',
      text: `UPDATE sync.deliveries d SET waiting = r.waiting, force = r.force, attempts = r.attempts,
  not_before = now() + r.retry_in_ms * interval '1 millisecond',
  intent_digest = CASE WHEN r.clears_intent THEN NULL ELSE d.intent_digest END,
  intent_memo = CASE WHEN r.clears_intent THEN NULL ELSE d.intent_memo END,
  intent_at = CASE WHEN r.clears_intent THEN NULL ELSE d.intent_at END,
  outcome = r.outcome, digest = r.digest, remote_id = r.remote_id, remote_version = r.remote_version,
  acknowledgement = r.acknowledgement, code = r.code, detail = r.detail::json, memo = r.memo::json, refused = r.refused,
  outcome_at = r.outcome_at, revision = r.revision
FROM json_to_recordset($2::json) AS r(kind text, id text, waiting boolean, force boolean, attempts integer, retry_in_ms bigint,
  clears_intent boolean, outcome text, digest text, remote_id text, remote_version text, acknowledgement text, code text, detail text,
  memo text, refused text, outcome_at bigint, revision bigint)
WHERE d.target = $1 AND d.kind = r.kind AND d.id = r.id`,
    },
    [target, JSON.stringify(rows)],
  );
}

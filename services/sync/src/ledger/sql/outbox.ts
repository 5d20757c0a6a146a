/** Outcomes on their way to sync.deliveries.v1: written with the outcome, so that none is told without standing in the ledger, nor the reverse. */
import type { DeliveryEvent } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';

export type Telling = { readonly kind: string; readonly id: string; readonly revision: number; readonly event: DeliveryEvent };

/** Whoever writes them publishes them at once; the sweep comes later, for those whose writer died. Older ones that were told may go. */
export async function insertTellings(
  tx: Queryable,
  target: string,
  tellings: readonly Telling[],
  sweepAfterMs: number,
): Promise<void> {
  if (tellings.length === 0) return;
  await tx.query(
    {
      name: 'sync insert tellings',
      text: `WITH t AS (SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[]) AS t(kind, id, revision, event)),
told AS (DELETE FROM sync.outbox o USING t WHERE o.target = $1 AND o.kind = t.kind AND o.id = t.id AND o.published)
INSERT INTO sync.outbox (target, kind, id, revision, event, published, due_at)
SELECT $1, kind, id, revision, event::json, false, now() + $6 * interval '1 millisecond' FROM t`,
    },
    [
      target,
      tellings.map(({ kind }) => kind),
      tellings.map(({ id }) => id),
      tellings.map(({ revision }) => revision),
      tellings.map(({ event }) => JSON.stringify(event)),
      sweepAfterMs,
    ],
  );
}

/** Unpublished ones that are due, the oldest first; kept from other sweeps for a while. */
export const claimTellings = async (db: Queryable, target: string, limit: number, forMs: number): Promise<readonly Telling[]> =>
  (
    await db.query<Telling>(
      {
        name: 'sync claim tellings',
        text: `WITH due AS (
  SELECT kind, id, revision FROM sync.outbox WHERE target = $1 AND NOT published AND due_at <= now()
  ORDER BY due_at, revision LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE sync.outbox o SET due_at = now() + $3 * interval '1 millisecond' FROM due
WHERE o.target = $1 AND o.kind = due.kind AND o.id = due.id AND o.revision = due.revision
RETURNING o.kind, o.id, o.revision, o.event`,
      },
      [target, limit, forMs],
    )
  ).rows;

export async function markTold(db: Queryable, target: string, tellings: readonly Telling[]): Promise<void> {
  if (tellings.length === 0) return;
  await db.query(
    {
      name: 'sync mark told',
      text: `UPDATE sync.outbox o SET published = true FROM unnest($2::text[], $3::text[], $4::bigint[]) AS t(kind, id, revision)
WHERE o.target = $1 AND o.kind = t.kind AND o.id = t.id AND o.revision = t.revision`,
    },
    [target, tellings.map(({ kind }) => kind), tellings.map(({ id }) => id), tellings.map(({ revision }) => revision)],
  );
}

/** The last outcome of each is told again: whoever missed it gets the same event once more. */
export async function tellAgain(
  tx: Queryable,
  target: string,
  names: readonly { readonly kind: string; readonly id: string }[],
): Promise<number> {
  if (names.length === 0) return 0;
  const { rowCount } = await tx.query(
    {
      name: 'sync tell again',
      text: `UPDATE sync.outbox o SET published = false, due_at = now() FROM unnest($2::text[], $3::text[]) AS n(kind, id)
WHERE o.target = $1 AND o.kind = n.kind AND o.id = n.id AND o.published`,
    },
    [target, names.map(({ kind }) => kind), names.map(({ id }) => id)],
  );
  return rowCount;
}

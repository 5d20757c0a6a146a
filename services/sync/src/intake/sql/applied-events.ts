/** Ids of the clinical events that took effect, so that one published again under a newer message time does not pass for news (ADR 0004). */
import type { Queryable } from '@clinstream/runtime/postgres';

export type AppliedEvent = { readonly eventId: string; readonly loggedAt: number };

/** Which of these had not taken effect before. Sorted, so that two batches which meet do not wait for each other in a circle. */
export async function claimEvents(tx: Queryable, target: string, events: readonly AppliedEvent[]): Promise<ReadonlySet<string>> {
  if (events.length === 0) return new Set();
  const { rows } = await tx.query<{ event_id: string }>(
    {
      name: 'sync claim events',
      text: `INSERT INTO sync.applied_events (target, event_id, applied_at)
SELECT $1, event_id, applied_at FROM unnest($2::text[], $3::bigint[]) AS e(event_id, applied_at) ORDER BY event_id COLLATE "C"
ON CONFLICT DO NOTHING RETURNING event_id`,
    },
    [target, events.map(({ eventId }) => eventId), events.map(({ loggedAt }) => loggedAt)],
  );
  return new Set(rows.map(({ event_id }) => event_id));
}

/** A bounded number at a time; never younger than what the topics still hold. */
export const forgetEvents = async (db: Queryable, target: string, before: number): Promise<number> =>
  (
    await db.query(
      `DELETE FROM sync.applied_events WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM sync.applied_events WHERE target = $1 AND applied_at < $2 LIMIT 50000 FOR UPDATE SKIP LOCKED))`,
      [target, before],
    )
  ).rowCount;

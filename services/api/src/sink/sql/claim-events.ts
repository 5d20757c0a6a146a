/**
 * Notes that these events take effect and says which of them had not before. One statement: whoever else claims the same id at the same time
 * is waited for, so that exactly one of two transactions gets it. Sorted, so that two which meet do not wait for each other in a circle.
 */
import type { Queryable } from '@clinstream/runtime/postgres';

export const claimEventsStatement = {
  name: 'sink claim events',
  text: `INSERT INTO api.applied_events (event_id, applied_at)
  SELECT * FROM unnest($1::text[], $2::bigint[]) AS e(event_id, applied_at) ORDER BY event_id COLLATE "C"
  ON CONFLICT DO NOTHING RETURNING event_id`,
};

export type ClaimedEvent = { readonly eventId: string; readonly loggedAt: number };

export async function claimEvents(tx: Queryable, events: readonly ClaimedEvent[]): Promise<ReadonlySet<string>> {
  if (events.length === 0) return new Set();
  const { rows } = await tx.query<{ event_id: string }>(claimEventsStatement, [
    events.map(({ eventId }) => eventId),
    events.map(({ loggedAt }) => loggedAt),
  ]);
  return new Set(rows.map(({ event_id }) => event_id));
}

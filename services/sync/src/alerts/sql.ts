/** The statements of alerts. All take the transaction they belong to; every alert event is written by the statement that makes it true. */
import { type AlertEvent, type AlertEventType, deterministicId } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { Alert, Watched } from '../domain/alerts.ts';

export type AlertRow = {
  readonly alert_id: string;
  readonly patient_key: string;
  readonly kind: AlertEvent['kind'];
  readonly subject_kind: AlertEvent['subjectKind'];
  readonly subject_id: string;
  readonly level: number;
};
const alertColumns = 'alert_id, patient_key, kind, subject_kind, subject_id, level';

export async function loadWatched(tx: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Watched>> {
  const { rows } = await tx.query<{
    observation_id: string;
    source_version: number;
    weight: number;
    occasion: string | null;
    alert_id: string | null;
  }>({ name: 'sync load watched', text: 'SELECT * FROM sync.watched_observations WHERE observation_id = ANY ($1::text[])' }, [
    ids,
  ]);
  return new Map(
    rows.map(({ observation_id, source_version, weight, occasion, alert_id }) => [
      observation_id,
      { observationId: observation_id, sourceVersion: source_version, weight, occasion, alertId: alert_id },
    ]),
  );
}

export async function saveWatched(tx: Queryable, watched: readonly Watched[]): Promise<void> {
  if (watched.length === 0) return;
  await tx.query(
    {
      name: 'sync save watched',
      text: `INSERT INTO sync.watched_observations
SELECT * FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::text[], $5::text[])
ON CONFLICT (observation_id) DO UPDATE SET source_version = excluded.source_version, weight = excluded.weight,
  occasion = excluded.occasion, alert_id = excluded.alert_id`,
    },
    [
      watched.map((one) => one.observationId),
      watched.map((one) => one.sourceVersion),
      watched.map((one) => one.weight),
      watched.map((one) => one.occasion),
      watched.map((one) => one.alertId),
    ],
  );
}

/** Where the intake has each of these results: what it did not take as news is none for alerts, either. */
export async function loadStates<S>(tx: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, S>> {
  const { rows } = await tx.query<{ id: string; state: S }>(
    {
      name: 'sync load observations for alerts',
      text: `SELECT id, state FROM sync.subjects WHERE target = 'lis' AND kind = 'observation' AND id = ANY ($1::text[])`,
    },
    [ids],
  );
  return new Map(rows.map(({ id, state }) => [id, state]));
}

export type Raising = {
  readonly alert: Alert;
  readonly at: number;
  readonly escalateAt: number | null;
  readonly delivery: string | null;
};

/** Null when it was there already. A delivery raises one alert at a time. */
export async function raise(tx: Queryable, { alert, at, escalateAt, delivery }: Raising): Promise<AlertRow | null> {
  const { alertId, patientKey, kind, subjectKind, subjectId } = alert;
  const { rows } = await tx.query<AlertRow>(
    {
      name: 'sync raise alert',
      text: `INSERT INTO sync.alerts (alert_id, patient_key, kind, subject_kind, subject_id, delivery, level, raised_at, escalate_at, superseded)
SELECT $1::text, $2, $3, $4, $5, $6::text, 0, $7::bigint, $8::bigint, false
WHERE $6::text IS NULL OR NOT EXISTS (
  SELECT FROM sync.alerts WHERE delivery = $6::text AND NOT superseded AND acknowledged_at IS NULL)
ON CONFLICT DO NOTHING RETURNING ${alertColumns}`,
    },
    [alertId, patientKey, kind, subjectKind, subjectId, delivery, at, escalateAt],
  );
  const [row] = rows;
  if (row) await insertEvents(tx, [row], 'AlertRaised', at);
  return row ?? null;
}

/** Those still open, by id or by delivery. */
export async function supersede(
  tx: Queryable,
  by: { readonly alertIds: readonly string[]; readonly deliveries: readonly string[] },
  at: number,
): Promise<number> {
  if (by.alertIds.length + by.deliveries.length === 0) return 0;
  const { rows } = await tx.query<AlertRow>(
    {
      name: 'sync supersede alerts',
      text: `UPDATE sync.alerts SET superseded = true, escalate_at = NULL
WHERE (alert_id = ANY ($1::text[]) OR delivery = ANY ($2::text[])) AND NOT superseded AND acknowledged_at IS NULL RETURNING ${alertColumns}`,
    },
    [by.alertIds, by.deliveries],
  );
  await insertEvents(tx, rows, 'AlertSuperseded', at);
  return rows.length;
}

/** Kept also for an alert this side does not know (any more): should it be raised again, it is acknowledged. */
export async function acknowledge(tx: Queryable, event: AlertEvent): Promise<void> {
  await tx.query(
    {
      name: 'sync acknowledge alert',
      text: `INSERT INTO sync.alerts AS a (alert_id, patient_key, kind, subject_kind, subject_id, level, raised_at, acknowledged_at, superseded)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, false)
ON CONFLICT (alert_id) DO UPDATE SET acknowledged_at = coalesce(a.acknowledged_at, excluded.acknowledged_at), escalate_at = NULL`,
    },
    [event.alertId, event.patientKey, event.kind, event.subjectKind, event.subjectId, event.level, event.at],
  );
}

/**
 * Raises the level of those that are due, the longest waiting first. One step however long nobody looked: the next is due a whole interval later.
 * SKIP LOCKED and the condition make it once per step, whichever of several instances does it.
 */
export async function escalateDue(tx: Queryable, now: number, intervalMs: number, limit: number): Promise<readonly AlertRow[]> {
  const { rows } = await tx.query<AlertRow>(
    {
      name: 'sync escalate alerts',
      text: `WITH due AS (
  SELECT alert_id FROM sync.alerts WHERE escalate_at <= $1 ORDER BY escalate_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE sync.alerts a SET level = level + 1, escalate_at = $1::bigint + $2::bigint FROM due WHERE a.alert_id = due.alert_id
RETURNING ${alertColumns.replaceAll(/\w+/g, 'a.$&')}`,
    },
    [now, intervalMs, limit],
  );
  await insertEvents(tx, rows, 'AlertEscalated', now);
  return rows;
}

export type Outgoing = { readonly event_id: string; readonly event: AlertEvent };

async function insertEvents(tx: Queryable, rows: readonly AlertRow[], type: AlertEventType, at: number): Promise<void> {
  if (rows.length === 0) return;
  const events = rows.map((row) => eventOf(row, type, at));
  await tx.query(
    {
      name: 'sync insert alert events',
      text: 'INSERT INTO sync.alert_events (event_id, event) SELECT * FROM unnest($1::text[], $2::json[]) ON CONFLICT DO NOTHING',
    },
    [
      events.map((event) => deterministicId('event', event.type, event.alertId, String(event.level))),
      events.map((event) => JSON.stringify(event)),
    ],
  );
}

const eventOf = (row: AlertRow, type: AlertEventType, at: number): AlertEvent => ({
  type,
  alertId: row.alert_id,
  patientKey: row.patient_key,
  kind: row.kind,
  subjectKind: row.subject_kind,
  subjectId: row.subject_id,
  level: row.level,
  by: null,
  at,
});

/** To be published by whoever takes them; should he die, they are due again. */
export const claimEvents = async (db: Queryable, limit: number, forMs: number): Promise<readonly Outgoing[]> =>
  (
    await db.query<Outgoing>(
      {
        name: 'sync claim alert events',
        text: `UPDATE sync.alert_events e SET due_at = now() + $2 * interval '1 millisecond'
FROM (SELECT event_id FROM sync.alert_events WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due
WHERE e.event_id = due.event_id RETURNING e.event_id, e.event`,
      },
      [limit, forMs],
    )
  ).rows;

export async function forgetEvents(db: Queryable, eventIds: readonly string[]): Promise<void> {
  if (eventIds.length === 0) return;
  await db.query({ name: 'sync forget alert events', text: 'DELETE FROM sync.alert_events WHERE event_id = ANY ($1::text[])' }, [
    eventIds,
  ]);
}

/** Could not be published: due again at once. */
export async function returnEvents(db: Queryable, eventIds: readonly string[]): Promise<void> {
  if (eventIds.length === 0) return;
  const text = 'UPDATE sync.alert_events SET due_at = now() WHERE event_id = ANY ($1::text[])';
  await db.query({ name: 'sync return alert events', text }, [eventIds]);
}

export const countOpen = async (db: Queryable): Promise<{ readonly open: number; readonly oldest: number | null }> =>
  (
    await db.query<{ open: number; oldest: number | null }>(
      'SELECT count(*)::integer AS open, min(raised_at) AS oldest FROM sync.alerts WHERE acknowledged_at IS NULL',
    )
  ).rows[0] ?? { open: 0, oldest: null };

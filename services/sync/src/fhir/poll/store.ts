/** What the poller remembers, in Postgres (0006_sync_poller.sql). Rejects as Postgres does; every write is fenced by the lease. */
import type { OrderEventType } from '@clinstream/contracts';
import type { Postgres, Queryable } from '@clinstream/runtime/postgres';
import type { Told, UnusableCode } from './order-from-fhir.ts';

export type PolledRow = {
  readonly kind: string;
  readonly id: string;
  readonly version: string;
  readonly lastUpdated: number;
  readonly outcome: 'publishing' | 'published' | 'parked';
  readonly code: UnusableCode | null;
  readonly told: Told | null;
};

export type PollStore = {
  /** Where to read from, if this instance may read now; null while another does. Made at the first claim, at `startAt`. */
  claim(kind: string, startAt: number): Promise<number | null>;
  known(kind: string, ids: readonly string[]): Promise<ReadonlyMap<string, PolledRow>>;
  /** Rows of any kind and this kind's cursor in one transaction; false, and nothing written, when the lease is lost. A cursor never goes back. */
  save(kind: string, rows: readonly PolledRow[], readUntil: number | null): Promise<boolean>;
  release(kind: string): Promise<void>;
  parked(): Promise<number>;
};

export type PollStoreOptions = {
  readonly postgres: Postgres;
  readonly server: string;
  readonly holder: string;
  readonly leaseMs: number;
  readonly now: () => number;
};

export function createPollStore({ postgres, server, holder, leaseMs, now }: PollStoreOptions): PollStore {
  return {
    claim: async (kind, startAt) => {
      const { rows } = await postgres.query<{ read_until: number }>(claimSql, [server, kind, startAt, holder, leaseMs]);
      return rows[0]?.read_until ?? null;
    },
    known: async (kind, ids) => {
      const { rows } = await postgres.query<StoredRow>(knownSql, [server, kind, ids]);
      return new Map(rows.map((row) => [row.id, rowOf(kind, row)]));
    },
    save: async (kind, rows, readUntil) =>
      await postgres.transaction(async (tx) => {
        const held = await tx.query(renewSql, [server, kind, holder, leaseMs, readUntil]);
        if (held.rowCount === 0) return false;
        await writeRows(tx, [server, now()], rows);
        return true;
      }),
    release: async (kind) => {
      await postgres.query(releaseSql, [server, kind, holder]);
    },
    parked: async () => {
      const { rows } = await postgres.query<{ count: number }>(parkedSql, [server]);
      return rows[0]?.count ?? 0;
    },
  };
}

type StoredRow = {
  readonly id: string;
  readonly version: string;
  readonly last_updated: number;
  readonly outcome: PolledRow['outcome'];
  readonly code: UnusableCode | null;
  readonly order_id: string | null;
  readonly patient_key: string | null;
  readonly confirmed: boolean;
  readonly told: OrderEventType | null;
  readonly content_digest: string | null;
};

function rowOf(kind: string, row: StoredRow): PolledRow {
  const { id, version, last_updated: lastUpdated, outcome, code } = row;
  return { kind, id, version, lastUpdated, outcome, code, told: toldOf(row) };
}

function toldOf({ order_id, told, patient_key, content_digest, confirmed }: StoredRow): Told | null {
  if (order_id === null || told === null || patient_key === null) return null;
  return { type: told, orderId: order_id, patientKey: patient_key, contentDigest: content_digest ?? '', confirmed };
}

async function writeRows(tx: Queryable, [server, at]: readonly [string, number], rows: readonly PolledRow[]): Promise<void> {
  if (rows.length === 0) return;
  const column = <T>(of: (row: PolledRow) => T): readonly T[] => rows.map(of);
  await tx.query(upsertSql, [
    server,
    at,
    column((row) => row.kind),
    column((row) => row.id),
    column((row) => row.version),
    column((row) => row.lastUpdated),
    column((row) => row.outcome),
    column((row) => row.code),
    column((row) => row.told?.orderId ?? null),
    column((row) => row.told?.patientKey ?? null),
    column((row) => row.told?.type ?? null),
    column((row) => row.told?.contentDigest ?? null),
    column((row) => row.told?.confirmed ?? true),
  ]);
}

/** The row is made at the first claim; the lease goes to whoever holds it or finds it run out. */
const claimSql = {
  name: 'sync-poll-claim',
  text: `INSERT INTO sync.poll_cursors AS c (server, kind, read_until, holder, lease_until)
    VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5::float8 / 1000))
    ON CONFLICT (server, kind) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
    WHERE c.holder IS NULL OR c.holder = excluded.holder OR c.lease_until < now()
    RETURNING read_until`,
};
const renewSql = {
  name: 'sync-poll-renew',
  text: `UPDATE sync.poll_cursors
    SET lease_until = now() + make_interval(secs => $4::float8 / 1000), read_until = greatest(read_until, $5::bigint)
    WHERE server = $1 AND kind = $2 AND holder = $3`,
};
const releaseSql = {
  name: 'sync-poll-release',
  text: 'UPDATE sync.poll_cursors SET holder = NULL, lease_until = NULL WHERE server = $1 AND kind = $2 AND holder = $3',
};
const knownSql = {
  name: 'sync-poll-known',
  text: `SELECT id, version, last_updated, outcome, code, order_id, patient_key, told, content_digest, confirmed
    FROM sync.polled_resources WHERE server = $1 AND kind = $2 AND id = ANY($3)`,
};
const upsertSql = {
  name: 'sync-poll-upsert',
  text: `INSERT INTO sync.polled_resources (server, polled_at, kind, id, version, last_updated, outcome, code, order_id, patient_key,
      told, content_digest, confirmed)
    SELECT $1, $2, u.* FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[],
      $11::text[], $12::text[], $13::boolean[]) AS u
    ON CONFLICT (server, kind, id) DO UPDATE SET version = excluded.version, last_updated = excluded.last_updated,
      outcome = excluded.outcome, code = excluded.code, order_id = excluded.order_id, patient_key = excluded.patient_key,
      told = excluded.told, content_digest = excluded.content_digest, confirmed = excluded.confirmed, polled_at = excluded.polled_at`,
};
const parkedSql = {
  name: 'sync-poll-parked',
  text: `SELECT count(*) AS count FROM sync.polled_resources WHERE server = $1 AND outcome = 'parked'`,
};

/**
 * The registry's four tables in the Postgres schema `registry`, made on start. A text is stored once and its id never changes;
 * a version row binds (subject, version) to an id. Every change runs in one transaction under one advisory lock, so that two
 * registrations at once can neither take the same version nor slip past each other's compatibility check.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { CompatibilityLevel } from './avro/compatibility.ts';

export type StoredVersion = { readonly version: number; readonly id: number; readonly text: string; readonly deleted: boolean };

const tables = `
  CREATE SCHEMA IF NOT EXISTS registry;
  CREATE TABLE IF NOT EXISTS registry.schemas (id int PRIMARY KEY, digest text NOT NULL UNIQUE, text text NOT NULL);
  CREATE TABLE IF NOT EXISTS registry.versions (
    subject text NOT NULL, version int NOT NULL, schema_id int NOT NULL REFERENCES registry.schemas, deleted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (subject, version));
  CREATE INDEX IF NOT EXISTS versions_by_schema ON registry.versions (schema_id);
  CREATE TABLE IF NOT EXISTS registry.config (subject text PRIMARY KEY, level text NOT NULL);`;

/** Any number that no other user of the database locks. */
const writeLock = 4_017_322_911;
/** Global configuration is the row of no subject. */
const globalSubject = '';

type Db = Pick<pg.Pool, 'query'>;

export type Store = ReturnType<typeof queriesOf> & {
  /** Runs `work` alone and all-or-nothing. */
  readonly change: <T>(work: (tx: Queries) => Promise<T>) => Promise<T>;
};
export type Queries = ReturnType<typeof queriesOf>;

export async function openStore(pool: pg.Pool): Promise<Store> {
  const change = <T>(work: (tx: Queries) => Promise<T>) => inTransaction(pool, (tx) => work(queriesOf(tx)));
  await inTransaction(pool, (tx) => tx.query(tables));
  return { ...queriesOf(pool), change };
}

async function inTransaction<T>(pool: pg.Pool, work: (tx: Db) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [writeLock]);
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    const isClean = await client.query('ROLLBACK').then(
      () => true,
      () => false,
    );
    client.release(!isClean);
    throw error;
  }
}

function queriesOf(db: Db) {
  const rows = async <T>(sql: string, values: readonly unknown[]): Promise<readonly T[]> =>
    (await db.query(sql, [...values])).rows as readonly T[];

  return {
    subjects: async (prefix: string, withDeleted: boolean) =>
      (
        await rows<{ subject: string }>(
          'SELECT DISTINCT subject FROM registry.versions WHERE starts_with(subject, $1) AND (NOT deleted OR $2) ORDER BY subject',
          [prefix, withDeleted],
        )
      ).map((row) => row.subject),

    /** Every version of a subject, soft-deleted ones included, oldest first. */
    versions: (subject: string) =>
      rows<StoredVersion>(
        `SELECT v.version, v.schema_id AS id, s.text, v.deleted
           FROM registry.versions v JOIN registry.schemas s ON s.id = v.schema_id WHERE v.subject = $1 ORDER BY v.version`,
        [subject],
      ),

    textOf: async (id: number) =>
      (await rows<{ text: string }>('SELECT text FROM registry.schemas WHERE id = $1', [id]))[0]?.text ?? null,

    /** Where a text is in use. */
    usesOf: (id: number, withDeleted: boolean) =>
      rows<{ subject: string; version: number }>(
        'SELECT subject, version FROM registry.versions WHERE schema_id = $1 AND (NOT deleted OR $2) ORDER BY subject, version',
        [id, withDeleted],
      ),

    /** The id of a text: the one it has had, else the next. */
    idOf: async (text: string) => {
      const digest = createHash('sha256').update(text).digest('hex');
      const [known] = await rows<{ id: number }>('SELECT id FROM registry.schemas WHERE digest = $1', [digest]);
      if (known) return known.id;
      const [made] = await rows<{ id: number }>(
        'INSERT INTO registry.schemas (id, digest, text) SELECT coalesce(max(id), 0) + 1, $1, $2 FROM registry.schemas RETURNING id',
        [digest, text],
      );
      if (!made) throw new Error('INSERT … RETURNING gave no row');
      return made.id;
    },

    addVersion: (subject: string, version: number, id: number) =>
      rows('INSERT INTO registry.versions (subject, version, schema_id) VALUES ($1, $2, $3)', [subject, version, id]),

    markDeleted: (subject: string, versions: readonly number[]) =>
      rows('UPDATE registry.versions SET deleted = true WHERE subject = $1 AND version = ANY($2)', [subject, versions]),

    remove: (subject: string, versions: readonly number[]) =>
      rows('DELETE FROM registry.versions WHERE subject = $1 AND version = ANY($2)', [subject, versions]),

    level: async (subject: string | null) =>
      (
        await rows<{ level: CompatibilityLevel }>('SELECT level FROM registry.config WHERE subject = $1', [
          subject ?? globalSubject,
        ])
      )[0]?.level ?? null,

    setLevel: (subject: string | null, level: CompatibilityLevel) =>
      rows(
        'INSERT INTO registry.config (subject, level) VALUES ($1, $2) ON CONFLICT (subject) DO UPDATE SET level = excluded.level',
        [subject ?? globalSubject, level],
      ),

    clearLevel: (subject: string | null) => rows('DELETE FROM registry.config WHERE subject = $1', [subject ?? globalSubject]),
  };
}

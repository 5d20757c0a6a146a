/**
 * Applies infra/migrations/NNNN_name.sql to a database: forward only, in order, none twice.
 *
 * Promise: one call is one transaction, so a failing file leaves the database as it was; calls at the same time wait for each other. A file that was
 * changed after it was applied is refused: a migration is never edited, the next one corrects it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import Postgrator from 'postgrator';

export const migrationsDir = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Any number will do, so long as it is always the same. */
const lockKey = 712_004_118;

type Migration = Postgrator.Migration;
export type MigrateOptions = { readonly url: string; readonly dir?: string };

/** Applies what is missing. Returns the file names applied now, in order. */
export async function migrate({ url, dir = migrationsDir }: MigrateOptions): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [lockKey]);
    const applied = await createPostgrator(client, dir).migrate();
    await client.query('COMMIT');
    return applied.map((migration) => migration.filename);
  } finally {
    await client.end();
  }
}

function createPostgrator(client: pg.Client, dir: string): Postgrator {
  const postgrator = new Postgrator({
    driver: 'pg',
    migrationPattern: join(dir, '*.sql'),
    schemaTable: 'public.schema_migration',
    execQuery: (query) => client.query(query),
  });
  // Postgrator looks for `0001.do.name.sql`; ours only ever go forward and are called `0001_name.sql`.
  postgrator.getMigrations = async () => Object.assign(postgrator, { migrations: readMigrations(dir) }).migrations;
  return postgrator;
}

/** Throws when two files carry the same number. */
export function readMigrations(dir: string): Migration[] {
  const found = readdirSync(dir).flatMap((filename) => {
    const match = /^(\d{4})_([a-z0-9_-]+)\.sql$/.exec(filename);
    return match ? [{ filename, version: Number(match[1]), name: match[2] ?? '' }] : [];
  });
  const versions = new Set(found.map(({ version }) => version));
  if (versions.size !== found.length) throw new Error(`two migrations in ${dir} carry the same number`);
  return found
    .sort((a, b) => a.version - b.version)
    .map((file) => {
      const sql = readFileSync(join(dir, file.filename), 'utf8');
      return { ...file, action: 'do' as const, md5: createHash('md5').update(sql).digest('hex'), getSql: () => sql };
    });
}

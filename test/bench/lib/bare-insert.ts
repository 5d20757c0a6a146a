/** The yardsticks of `sink`: the rows the sink wrote, put into copies of its two tables by the plainest fast way there is. */
import type pg from 'pg';

/** The columns of a table and its rows, every value as text, one array per column. */
export type TableRows = {
  readonly table: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | null)[])[];
};
type Column = { readonly name: string; readonly type: string };

const tables = ['analyses', 'analysis_runs'] as const;

export async function readRows(client: pg.Client): Promise<readonly TableRows[]> {
  const all: TableRows[] = [];
  for (const table of tables) {
    const columns = await columnsOf(client, table);
    const list = columns.map(({ name }) => `${name}::text`).join(', ');
    const { rows } = await client.query({ text: `SELECT ${list} FROM api.${table} ORDER BY job_id`, rowMode: 'array' });
    all.push({ table, columns, rows });
  }
  return all;
}

/** Rows per second, `size` jobs in a transaction. */
export async function insertBare(client: pg.Client, all: readonly TableRows[], size: number): Promise<number> {
  await createCopies(client);
  const count = all.reduce((sum, { rows }) => sum + rows.length, 0);
  const jobs = Math.max(...all.map(({ rows }) => rows.length));
  const start = performance.now();
  for (let from = 0; from < jobs; from += size) {
    await client.query('BEGIN');
    for (const { table, columns, rows } of all) {
      const part = rows.slice(from, from + size);
      const values = columns.map((_, i) => part.map((row) => row[i] ?? null));
      await client.query({ name: `bare-${table}`, text: insertText(table, columns), values });
    }
    await client.query('COMMIT');
  }
  return (count * 1000) / (performance.now() - start);
}

/** unnest flattens arrays of arrays, so a column that is an array travels as text and is read by the server. */
function insertText(table: string, columns: readonly Column[]): string {
  const isArray = ({ type }: Column): boolean => type.endsWith('[]');
  const arrays = columns.map((column, i) => `$${i + 1}::${isArray(column) ? 'text' : column.type}[]`).join(', ');
  const names = columns.map(({ name }) => name).join(', ');
  const picked = columns.map((column) => (isArray(column) ? `${column.name}::${column.type}` : column.name)).join(', ');
  return `INSERT INTO bare.${table} (${names}) SELECT ${picked} FROM unnest(${arrays}) AS u (${names}) ON CONFLICT DO NOTHING`;
}

/** Rows per second of the server alone, which makes such rows up by itself. */
export async function insertGenerated(client: pg.Client, jobs: number, size: number): Promise<number> {
  await createCopies(client);
  const [asks, runs] = [await exampleOf(client, 'analyses'), await exampleOf(client, 'analysis_runs')];
  const start = performance.now();
  for (let from = 0; from < jobs; from += size) {
    await client.query('BEGIN');
    for (const { table, names, picked } of [asks, runs]) {
      const series = `generate_series(${from}, ${Math.min(jobs, from + size) - 1}) AS i`;
      await client.query(
        `INSERT INTO bare.${table} (${names}) SELECT ${picked} FROM ${series}, (SELECT * FROM api.${table} LIMIT 1) AS e`,
      );
    }
    await client.query('COMMIT');
  }
  return (jobs * 2 * 1000) / (performance.now() - start);
}

/** Like one stored row, with an id, a patient and a time of its own. */
async function exampleOf(client: pg.Client, table: string) {
  const columns = await columnsOf(client, table);
  const own: Readonly<Record<string, string>> = {
    job_id: "'gen-' || lpad(i::text, 7, '0')",
    patient_key: "'BENCH|MRN|' || lpad((i % 5000)::text, 6, '0')",
    sort_at: 'e.sort_at + i',
  };
  const names = columns.map(({ name }) => name).join(', ');
  return { table, names, picked: columns.map(({ name }) => own[name] ?? `e.${name}`).join(', ') };
}

async function createCopies(client: pg.Client): Promise<void> {
  await client.query('DROP SCHEMA IF EXISTS bare CASCADE');
  await client.query('CREATE SCHEMA bare');
  for (const table of tables) await client.query(`CREATE TABLE bare.${table} (LIKE api.${table} INCLUDING ALL)`);
}

async function columnsOf(client: pg.Client, table: string): Promise<readonly Column[]> {
  const { rows } = await client.query<Column>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
    [`api.${table}`],
  );
  return rows;
}

/** One statement on a connection of its own: setting a service's state back, which no public door does. Returns how many rows it changed. */
import pg from 'pg';

export async function execute(url: string, sql: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

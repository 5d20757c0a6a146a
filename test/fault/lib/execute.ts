/** One statement on a connection of its own: setting a service's state back, which no public door does. */
import pg from 'pg';

export async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

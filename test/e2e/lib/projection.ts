/** The read model's tables, for what no door shows: that nothing at all has changed, and how far the sink has read. */
import { createPostgres } from '@clinstream/runtime/postgres';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { type House, until } from './house.ts';
import { behindLog, type StoredOffset } from './log.ts';

export type Projection = {
  /** Every row of every table but the positions, in order. */
  rows(): Promise<Readonly<Record<string, readonly string[]>>>;
  /** Makes the sink read everything again, with the rows kept. Only while it is stopped. */
  rewind(): Promise<void>;
  /** Resolves once the sink has read all there is in the topics it reads. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
};

const tables = [
  'analyses',
  'analysis_runs',
  'analysis_reviews',
  'orders',
  'observations',
  'patients',
  'messages',
  'deliveries',
  'alerts',
  'gaps',
] as const;

export async function openProjection({ stack, database }: House): Promise<Projection> {
  const postgres = createPostgres(database.config, createSilentTelemetry());
  await postgres.start();
  const readTable = async (table: string): Promise<readonly string[]> => {
    const { rows } = await postgres.query<{ row: string }>(`SELECT t::text AS row FROM api.${table} t ORDER BY 1`);
    return rows.map(({ row }) => row);
  };
  const isCaughtUp = async (): Promise<boolean> => {
    const { rows } = await postgres.query<StoredOffset>('SELECT topic, partition, next_offset FROM api.sink_offset');
    const behind = await behindLog(stack, rows);
    // An error shown by the wait, should its deadline pass.
    if (behind.length > 0)
      throw new Error(
        `still behind: ${behind.map(({ topic, partition, next_offset }) => `${topic}:${partition} at ${next_offset}`).join(', ')}`,
      );
    return true;
  };
  return {
    rows: async () => Object.fromEntries(await Promise.all(tables.map(async (table) => [table, await readTable(table)]))),
    rewind: async () => void (await postgres.query('UPDATE api.sink_offset SET next_offset = 0')),
    caughtUp: async () => void (await until(isCaughtUp, 'the sink has read everything')),
    close: () => postgres.stop(AbortSignal.timeout(2_000)),
  };
}

/** Notes when rows become visible to a reader: one connection that asks, again and again, which of the awaited ids are there. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

export type Visibility = {
  expect(id: string, sentAt: number): void;
  /** Milliseconds from sent to seen of all rows expected, `count` of them; those not seen by the deadline are left out. */
  whenSeen(count: number, deadlineMs: number): Promise<readonly number[]>;
  close(): Promise<void>;
};

export async function watchVisible(databaseUrl: string, table: string): Promise<Visibility> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const awaited = new Map<string, number>();
  let times: number[] = [];
  let isOpen = true;
  const look = async (): Promise<void> => {
    const { rows } = await client.query({
      name: 'look',
      text: `SELECT job_id FROM ${table} WHERE job_id = ANY($1::text[])`,
      values: [[...awaited.keys()]],
    });
    const now = Date.now();
    for (const { job_id } of rows) {
      times.push(now - (awaited.get(job_id) ?? now));
      awaited.delete(job_id);
    }
  };
  const watching = (async () => {
    while (isOpen) {
      if (awaited.size > 0) await look();
      await delay(1);
    }
  })();
  return {
    expect: (id, sentAt) => void awaited.set(id, sentAt),
    whenSeen: async (count, deadlineMs) => {
      const until = performance.now() + deadlineMs;
      while (times.length < count && performance.now() < until) await delay(10);
      const seen = times;
      times = [];
      return seen;
    },
    close: async () => {
      isOpen = false;
      await watching;
      await client.end();
    },
  };
}

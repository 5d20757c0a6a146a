/** Against a connection that answers as told, for what a real server does once in a lifetime. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DatabaseError, type Pool } from 'pg';
import type { AppError } from '../errors/app-error.ts';
import { inTransaction } from './sessions.ts';

function createPool(failing: Readonly<Record<string, string>>) {
  const sent: string[] = [];
  const released: unknown[] = [];
  const query = async ({ text }: { text: string }) => {
    sent.push(text);
    const code = failing[text];
    if (code !== undefined) throw Object.assign(new DatabaseError('no', 2, 'error'), { code, severity: 'ERROR' });
    return { rows: [], rowCount: 0 };
  };
  const client = { query, on: () => {}, off: () => {}, release: (broken: unknown) => void released.push(broken) };
  return { sent, released, pool: { connect: async () => client } as unknown as Pool };
}

const codeOf = (error: AppError): boolean => error.code === 'POSTGRES_TIMEOUT';

test('a BEGIN that failed is told, though all that came after it went well', async () => {
  const last = createPool({ BEGIN: '57014' });
  await assert.rejects(
    inTransaction(last.pool, (tx) => tx.last('one')),
    codeOf,
  );
  const { pool, sent, released } = createPool({ BEGIN: '57014' });
  await assert.rejects(
    inTransaction(pool, (tx) => tx.query('one')),
    codeOf,
  );
  assert.deepEqual([sent[0], sent[1], released], ['BEGIN', 'one', [false]]);
});

test('a failed statement that nobody waited for is told: the server answers COMMIT with a rollback, and no error', async () => {
  const { pool } = createPool({ one: '57014' });
  const work = inTransaction(pool, async (tx) => {
    tx.query('one').catch(() => {});
    return 'done';
  });
  await assert.rejects(work, codeOf);
});

test('all that went well is passed on, and the connection goes back whole', async () => {
  const { pool, sent, released } = createPool({});
  assert.equal(await inTransaction(pool, async (tx) => (await tx.last('one')).rowCount), 0);
  assert.deepEqual([sent, released], [['BEGIN', 'one', 'COMMIT'], [false]]);
});

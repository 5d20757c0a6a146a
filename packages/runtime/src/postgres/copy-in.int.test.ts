import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type FreshDatabase, testStack } from '@clinstream/testkit';
import type { AppError } from '../errors/app-error.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createPostgres } from './create-postgres.ts';
import type { Postgres } from './types.ts';

let database: FreshDatabase;
let postgres: Postgres;
before(async () => {
  database = await (await testStack()).freshDatabase();
  postgres = createPostgres(database.config, createSilentTelemetry());
  await postgres.start();
  await postgres.query('CREATE TABLE copied (id integer PRIMARY KEY)');
});
after(async () => {
  await postgres.stop(AbortSignal.timeout(5_000));
  await database.drop();
});

/** Rows of one integer in the binary copy format. */
function integers(values: readonly number[]): Buffer {
  const head = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
  const rows = values.map((value) => {
    const row = Buffer.alloc(10);
    row.writeInt16BE(1, 0);
    row.writeInt32BE(4, 2);
    row.writeInt32BE(value, 6);
    return row;
  });
  return Buffer.concat([head, ...rows, Buffer.from([0xff, 0xff])]);
}
const copy = 'COPY copied (id) FROM STDIN (FORMAT binary)';
const stored = async () => (await postgres.query<{ id: number }>('SELECT id FROM copied ORDER BY id')).rows.map((row) => row.id);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: AppError) => error.code,
  );

test('copies rows among other statements, and tells how many', async () => {
  const copied = await postgres.transaction(async (tx) => {
    const first = await tx.copyIn(copy, integers([1, 2, 3]));
    const second = await tx.copyIn(copy, integers([4]));
    await tx.query('DELETE FROM copied WHERE id = $1', [2]);
    return [first, second];
  });
  assert.deepEqual(copied, [3, 1]);
  assert.deepEqual(await stored(), [1, 3, 4]);
});

test('a row that exists, a statement that is refused and bytes that are none of ours roll everything back; the connection stays good', async () => {
  const before = await stored();
  const refused = (statement: string, bytes: Buffer) =>
    codeOf(
      postgres.transaction(async (tx) => {
        await tx.query('INSERT INTO copied VALUES (100)');
        await tx.copyIn(statement, bytes);
      }),
    );
  for (let i = 0; i < 10; i++) {
    assert.equal(await refused(copy, integers([50, 1])), 'POSTGRES_UNIQUE_VIOLATION');
    assert.equal(await refused('COPY nothing FROM STDIN (FORMAT binary)', integers([60])), 'POSTGRES_SCHEMA_MISSING');
    assert.equal(await refused(copy, Buffer.from('nonsense')), 'POSTGRES_DATA_INVALID');
  }
  assert.deepEqual(await stored(), before);
});

test('a large copy goes through', async () => {
  const many = Array.from({ length: 200_000 }, (_, i) => 1_000 + i);
  assert.equal(await postgres.transaction((tx) => tx.copyIn(copy, integers(many))), many.length);
});

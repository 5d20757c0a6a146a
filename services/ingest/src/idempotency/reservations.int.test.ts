/** Against the real Postgres: what two sessions do to one another under one key. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deterministicId, sha256 } from '@clinstream/contracts';
import { createPostgres, type Postgres } from '@clinstream/runtime/postgres';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { type FreshDatabase, testStack, waitFor } from '@clinstream/testkit';
import { createReservations } from './reservations.ts';
import type { ReservationRequest } from './types.ts';

const limits = { maxPerStatement: 2_000, maxWaiting: 20_000, timeoutMs: 20_000 };
let database: FreshDatabase;
let postgres: Postgres;
before(async () => {
  database = await (await testStack()).freshDatabase();
  postgres = createPostgres(database.config, createSilentTelemetry());
  await postgres.start();
});
after(async () => {
  await postgres.stop(AbortSignal.timeout(5_000));
  await database.drop();
});

const requestOf = (key: string, content: string, requestedAt = 1_700_000_000_123): ReservationRequest => ({
  client: 'his',
  operation: 'analyses',
  key,
  digest: sha256(content),
  id: deterministicId('job', 'his', 'analyses', key),
  requestedAt,
});

test('new, then repeated with the time of the first, then refused for other content', async () => {
  const { reserve } = createReservations(postgres, limits);
  const first = requestOf('k1', 'a');
  assert.deepEqual(await reserve(first), { outcome: 'new', id: first.id, requestedAt: first.requestedAt });
  const again = await reserve(requestOf('k1', 'a', first.requestedAt + 5_000));
  assert.deepEqual(again, { outcome: 'repeat', id: first.id, requestedAt: first.requestedAt });
  assert.equal((await reserve(requestOf('k1', 'b'))).outcome, 'conflict');
  assert.equal((await reserve({ ...first, client: 'another' })).outcome, 'new');
});

test('one call may name a key twice; answers come in the order asked', async () => {
  const { reserveMany } = createReservations(postgres, limits);
  const answers = await reserveMany(['z', 'a', 'z', 'z'].map((key, i) => requestOf(`twice-${key}`, i < 3 ? 'x' : 'y')));
  assert.deepEqual(
    answers.map((answer) => answer.outcome),
    ['new', 'new', 'repeat', 'conflict'],
  );
});

test('two instances racing for the same keys in opposite order: one winner per key, no deadlock, no failure', async () => {
  const one = createReservations(postgres, limits);
  const two = createReservations(postgres, limits);
  for (let round = 0; round < 20; round++) {
    const keys = Array.from({ length: 200 }, (_, i) => `race-${round}-${i}`);
    const [left, right] = await Promise.all([
      one.reserveMany(keys.map((key) => requestOf(key, 'left'))),
      two.reserveMany(keys.toReversed().map((key) => requestOf(key, 'right'))),
    ]);
    const rights = right.toReversed();
    for (const [i, answer] of left.entries()) {
      assert.deepEqual([answer.outcome, rights[i]?.outcome].toSorted(), ['conflict', 'new']);
    }
  }
});

test('a key committed by another session after our snapshot is still answered', async () => {
  const { reserve } = createReservations(postgres, limits);
  const key = 'snapshot';
  const held = Promise.withResolvers<void>();
  const inserted = Promise.withResolvers<void>();
  const other = postgres.transaction(async (tx) => {
    const { client, operation, digest, id, requestedAt } = requestOf(key, 'theirs');
    await tx.query(`INSERT INTO ingest.reservation VALUES ($1, $2, $3, decode($4, 'hex'), $5, $6)`, [
      client,
      operation,
      key,
      digest,
      id,
      requestedAt,
    ]);
    inserted.resolve();
    await held.promise;
  });
  await inserted.promise;
  const ours = reserve(requestOf(key, 'theirs'));
  await waitFor(isSomeoneBlocked, { deadlineMs: 10_000, what: 'our statement to wait for theirs' });
  held.resolve();
  await other;
  assert.equal((await ours).outcome, 'repeat');
});

async function isSomeoneBlocked(): Promise<boolean> {
  const { rows } = await postgres.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.length > 0;
}

test('many single requests at once share few statements', async () => {
  let statements = 0;
  const counting: Pick<Postgres, 'query'> = {
    query: (statement, values) => {
      statements++;
      return postgres.query(statement, values);
    },
  };
  const { reserve } = createReservations(counting, limits);
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, i) => reserve(requestOf(`many-${i}`, 'x'))));
  assert.ok(answers.every((answer) => answer.outcome === 'new'));
  assert.ok(statements <= 3, `${statements} statements`);
});

test('a key that was taken is found by its primary key, not by a scan', async () => {
  const { rows } = await postgres.transaction(async (tx) => {
    await tx.query('SET LOCAL enable_seqscan = off');
    return tx.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT 1 FROM ingest.reservation WHERE client = 'a' AND operation = 'b' AND key = 'c'`,
    );
  });
  assert.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /reservation_pkey/);
});

/** Against a PostgreSQL of its own, because it is killed, and through a proxy that can swallow everything. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freePorts } from '@clinstream/local/ports';
import { type PostgresHandle, startPostgres } from '@clinstream/local/postgres';
import { waitFor } from '@clinstream/local/wait';
import { createSecret, type PostgresConfig } from '../config/index.ts';
import { AppError } from '../errors/app-error.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createPostgres } from './index.ts';

const dir = mkdtempSync(join(tmpdir(), 'clinstream-postgres-'));
let server: PostgresHandle;
before(async () => {
  const port = await freePorts(1);
  server = await startPostgres({ dir, port, settings: { fsync: 'off' } });
});
after(async () => {
  await server.kill();
  rmSync(dir, { recursive: true, force: true });
});

const configOf = (url: string, overrides: Partial<PostgresConfig> = {}): PostgresConfig => ({
  url: createSecret(url),
  poolSize: 4,
  connectTimeoutMs: 1_000,
  statementTimeoutMs: 1_000,
  ...overrides,
});
const soon = () => AbortSignal.timeout(5_000);

async function withPostgres(url: string, work: (postgres: ReturnType<typeof createPostgres>) => Promise<void>): Promise<void> {
  const postgres = createPostgres(configOf(url), createSilentTelemetry());
  await postgres.start();
  try {
    await work(postgres);
  } finally {
    await postgres.stop(soon());
    await postgres.stop(soon());
  }
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof AppError ? error.code : `foreign ${error}`),
  );
const until = (condition: () => boolean | Promise<boolean>, what: string) => waitFor(condition, { deadlineMs: 20_000, what });

test('a plan made while a table was empty reads by key, not from end to end', { timeout: 60_000 }, async () => {
  await withPostgres(server.url, async (postgres) => {
    await postgres.query('CREATE TABLE planned (id text PRIMARY KEY, filler text)');
    await postgres.query('CREATE TABLE planned_more (id text PRIMARY KEY, filler text)');
    const { rows } = await postgres.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (GENERIC_PLAN) SELECT a.filler, b.filler FROM planned a LEFT JOIN planned_more b USING (id)
       WHERE a.id = ANY ((SELECT $1::text[])::text[])`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    assert.match(plan, /Index/);
    assert.doesNotMatch(plan, /Seq Scan/);
  });
});

test('queries, named statements, big integers as numbers, constraint violations', { timeout: 60_000 }, async () => {
  await withPostgres(server.url, async (postgres) => {
    assert.deepEqual(postgres.readiness(), { ready: true });
    await postgres.query('CREATE TABLE t (id bigint PRIMARY KEY)');
    const insert = { name: 'insert-t', text: 'INSERT INTO t VALUES ($1) RETURNING id' };
    assert.deepEqual((await postgres.query(insert, [9_007_199_254_740_991])).rows, [{ id: 9_007_199_254_740_991 }]);
    assert.equal(await codeOf(postgres.query(insert, [9_007_199_254_740_991])), 'POSTGRES_UNIQUE_VIOLATION');
    assert.equal(await codeOf(postgres.query('SELECT * FROM missing')), 'POSTGRES_SCHEMA_MISSING');
    assert.equal(await codeOf(postgres.query('SELECT pg_sleep(30)')), 'POSTGRES_TIMEOUT');
  });
});

test('a transaction rolls back whatever is thrown, and passes the thrown error on', { timeout: 60_000 }, async () => {
  await withPostgres(server.url, async (postgres) => {
    await postgres.query('CREATE TABLE u (id int PRIMARY KEY)');
    const own = new Error('own');
    await assert.rejects(
      postgres.transaction(async (tx) => {
        await tx.query('INSERT INTO u VALUES (1)');
        throw own;
      }),
      (error) => error === own,
    );
    const doubled = postgres.transaction(async (tx) => {
      await tx.query('INSERT INTO u VALUES (2)');
      await tx.query('INSERT INTO u VALUES (2)');
    });
    assert.equal(await codeOf(doubled), 'POSTGRES_UNIQUE_VIOLATION');
    assert.equal((await postgres.query('SELECT * FROM u')).rowCount, 0);
    const result = await postgres.transaction(async (tx) => (await tx.query('INSERT INTO u VALUES (3) RETURNING id')).rows);
    assert.deepEqual(result, [{ id: 3 }]);
  });
});

test('a last statement takes COMMIT along: what went before stands with it, or falls with it', { timeout: 60_000 }, async () => {
  await withPostgres(server.url, async (postgres) => {
    await postgres.query('CREATE TABLE w (id int PRIMARY KEY)');
    const put = (last: string) =>
      postgres.transaction(async (tx) => {
        const first = tx.query('INSERT INTO w VALUES (1)');
        await Promise.all([first, tx.last(last)]);
      });
    assert.equal(await codeOf(put('SELECT 1 / 0')), 'POSTGRES_DATA_INVALID');
    assert.equal((await postgres.query('SELECT * FROM w')).rowCount, 0);
    await put('INSERT INTO w VALUES (2)');
    assert.equal(await codeOf(put('INSERT INTO w VALUES (3)')), 'POSTGRES_UNIQUE_VIOLATION');
    assert.equal((await postgres.query('SELECT * FROM w')).rowCount, 2);
    assert.deepEqual(
      await Promise.all([1, 2, 3, 4, 5, 6].map(() => codeOf(postgres.query('SELECT 1')))),
      Array(6).fill('no error'),
    );
  });
});

test('away at start and later: stays alive, says so, comes back by itself; listeners are told they may have missed some', {
  timeout: 90_000,
}, async () => {
  await server.stop();
  const postgres = createPostgres(configOf(server.url), createSilentTelemetry());
  const heard: (string | null)[] = [];
  postgres.listen('news', (payload) => heard.push(payload));
  await postgres.start();
  assert.equal(postgres.readiness().ready, false);
  assert.equal(await codeOf(postgres.query('SELECT 1')), 'POSTGRES_UNAVAILABLE');
  await server.restart();
  await until(() => postgres.readiness().ready, 'readiness after start');
  const hears = async (payload: string) => {
    await until(async () => {
      await postgres.query('SELECT pg_notify($1, $2)', ['news', payload]);
      return heard.includes(payload);
    }, payload);
  };
  await hears('first');
  await server.kill();
  await until(() => !postgres.readiness().ready, 'loss seen');
  await server.restart();
  await until(() => postgres.readiness().ready, 'readiness after kill');
  await until(() => heard.includes(null), 'null after reconnect');
  await hears('second');
  await postgres.stop(soon());
});

test('a black hole: calls end within their limits, stop does not hang, and work goes on when it is over', {
  timeout: 90_000,
}, async () => {
  const proxy = await startBlackHoleProxy(server.port);
  const url = new URL(server.url);
  url.port = String(proxy.port);
  await withPostgres(url.href, async (postgres) => {
    await postgres.query('SELECT 1');
    proxy.swallow(true);
    assert.equal(await codeOf(postgres.query('SELECT 1')), 'POSTGRES_UNAVAILABLE');
    assert.equal(await codeOf(postgres.transaction((tx) => tx.query('SELECT 1'))), 'POSTGRES_UNAVAILABLE');
    assert.equal(postgres.readiness().ready, false);
    proxy.swallow(false);
    await until(() => postgres.readiness().ready, 'recovery');
    await postgres.query('SELECT 1');
    proxy.swallow(true);
  });
  await proxy.stop();
});

/** Passes everything on, or keeps the connections and passes nothing. */
async function startBlackHoleProxy(target: number) {
  let swallowing = false;
  const sockets = new Set<Socket>();
  const proxy = createServer((inbound) => {
    const outbound = dial(target, '127.0.0.1');
    for (const [from, to] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => void (swallowing || to.write(chunk)));
      from.on('error', () => {});
      from.on('close', () => void (swallowing || to.destroy()));
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    swallow: (on: boolean) => {
      swallowing = on;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

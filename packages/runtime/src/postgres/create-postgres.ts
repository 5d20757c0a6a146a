/**
 * The PostgreSQL component: a pool with time limits everywhere, a listener and a prober. A server that is away, at start or later, is
 * waited for: `start` resolves, readiness says why, calls reject with POSTGRES_UNAVAILABLE within about five seconds, even into a black hole.
 */
import type { Socket } from 'node:net';
import { Pool, type PoolConfig, types } from 'pg';
import type { PostgresConfig } from '../config/fragments.ts';
import { AppError } from '../errors/app-error.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { classifyPostgresError } from './classify-error.ts';
import { createListener } from './listener.ts';
import { postgresMetrics } from './metrics.ts';
import { createProber } from './prober.ts';
import { inSession, inTransaction, send } from './sessions.ts';
import { createSockets } from './sockets.ts';
import type { Postgres } from './types.ts';

export function createPostgres(config: PostgresConfig, telemetry: Telemetry): Postgres {
  const metrics = createMetrics(telemetry.registry, postgresMetrics);
  const sockets = createSockets();
  const clientConfig = () => connectionConfig(config, sockets.create);
  const pool = new Pool({ ...clientConfig(), max: config.poolSize, idleTimeoutMillis: 30_000 });
  const listener = createListener({ clientConfig });
  const prober = createProber({
    probe: () => run('probe', () => send(pool, 'SELECT 1')),
    now: telemetry.clock.now,
    onChange: (up) => metrics.up.set(up ? 1 : 0),
  });
  // An idle connection that breaks is dropped by the pool; without a listener it would end the process.
  pool.on('error', (error) => prober.failed(classifyPostgresError(error)));
  watchPool(pool, metrics.connections);

  /** Times and counts one use of the pool, and lets the prober know how it went. What the caller's own work throws passes untouched. */
  async function run<T>(kind: 'query' | 'transaction' | 'probe', work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      const result = await work();
      prober.succeeded();
      return result;
    } catch (error) {
      if (error instanceof AppError && error.code.startsWith('POSTGRES_')) {
        metrics.errors.labels({ error_code: error.code }).inc();
        if (kind !== 'probe') prober.failed(error);
      }
      throw error;
    } finally {
      metrics.querySeconds.labels({ kind }).observe((performance.now() - startedAt) / 1_000);
    }
  }

  return {
    name: 'postgres',
    start: async () => {
      await prober.start();
      listener.start();
    },
    stop: async (deadline) => {
      prober.stop();
      listener.stop();
      await endPool(pool, deadline);
      sockets.destroyAll();
    },
    readiness: prober.readiness,
    query: (statement, values) => run('query', () => send(pool, statement, values)),
    session: (work) => run('query', () => inSession(pool, work)),
    transaction: (work) => run('transaction', () => inTransaction(pool, work)),
    listen: listener.listen,
  };
}

function connectionConfig(config: PostgresConfig, createSocket: () => Socket): PoolConfig {
  return {
    connectionString: config.url.reveal(),
    application_name: 'clinstream',
    // A prepared statement keeps the plan it got while its tables were empty, and would read them from end to end when they are not.
    options: '-c enable_seqscan=off',
    connectionTimeoutMillis: config.connectTimeoutMs,
    statement_timeout: config.statementTimeoutMs,
    // Half a second after the server should have given up by itself: then the server or the way to it is gone.
    query_timeout: config.statementTimeoutMs + 500,
    // A client that vanished in mid-transaction must not keep its locks.
    idle_in_transaction_session_timeout: config.statementTimeoutMs * 3,
    keepAlive: true,
    // Statements of one transaction that do not wait for each other share a round trip; one that fails fails those behind it.
    pipeline: true,
    stream: createSocket,
    types: { getTypeParser: typeParser as typeof types.getTypeParser },
  };
}

const int8 = 20;
const typeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === int8 && format !== 'binary' ? Number : types.getTypeParser(oid, format as 'text');

function watchPool(pool: Pool, connections: ReturnType<typeof createMetrics<typeof postgresMetrics>>['connections']): void {
  connections.onCollect(() => {
    connections.labels({ state: 'busy' }).set(pool.totalCount - pool.idleCount);
    connections.labels({ state: 'idle' }).set(pool.idleCount);
    connections.labels({ state: 'waiting' }).set(pool.waitingCount);
  });
}

/** Waits for borrowed connections until the deadline; what is left is cut by its socket. A second call does nothing. */
async function endPool(pool: Pool, deadline: AbortSignal): Promise<void> {
  if (pool.ended || deadline.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const give = () => aborted.resolve();
  const timer = setTimeout(give, 2_000);
  deadline.addEventListener('abort', give, { once: true });
  await Promise.race([pool.end().catch(() => {}), aborted.promise]);
  clearTimeout(timer);
  deadline.removeEventListener('abort', give);
}

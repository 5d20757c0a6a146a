/** Statements on a connection borrowed from the pool: one by one, side by side, or as a transaction. Rejects with AppError. */
import type { Pool, PoolClient } from 'pg';
import type { AppError } from '../errors/app-error.ts';
import { classifyPostgresError, isServerAnswer } from './classify-error.ts';
import { copyIn } from './copy-in.ts';
import type { Queryable, Result, Statement, Transaction } from './types.ts';

type Sender = Pick<Pool | PoolClient, 'query'>;
export async function send<R>(sender: Sender, statement: Statement, values: readonly unknown[] = []): Promise<Result<R>> {
  const query = typeof statement === 'string' ? { text: statement } : statement;
  const result = await classified(sender.query({ ...query, values: [...values] }));
  return { rows: result.rows as R[], rowCount: result.rowCount ?? 0 };
}

const classified = <T>(step: Promise<T>): Promise<T> =>
  step.catch((error: unknown) => {
    throw classifyPostgresError(error);
  });

const ignore = (): void => {};

type Borrowed = {
  readonly client: PoolClient;
  /** Passes a step on and remembers whether it failed, and broke the connection. */
  readonly noted: <R>(step: Promise<R>) => Promise<R>;
  readonly firstFailure: () => AppError | null;
  readonly isBroken: () => boolean;
};

async function borrow<T>(pool: Pool, work: (borrowed: Borrowed) => Promise<T>): Promise<T> {
  const client = await classified(pool.connect());
  client.on('error', ignore);
  let broken = false;
  let failure: AppError | null = null;
  const noted = <R>(step: Promise<R>): Promise<R> =>
    step.catch((error: AppError) => {
      failure ??= error;
      broken ||= !isServerAnswer(error.cause);
      throw error;
    });
  try {
    return await work({ client, noted, firstFailure: () => failure, isBroken: () => broken });
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}

export const inSession = <T>(pool: Pool, work: (session: Queryable) => Promise<T>): Promise<T> =>
  borrow(pool, ({ client, noted }) => work({ query: (statement, values) => noted(send<never>(client, statement, values)) }));

export const inTransaction = <T>(pool: Pool, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  borrow(pool, async ({ client, noted, firstFailure, isBroken }) => {
    const query: Transaction['query'] = (statement, values) => noted(send<never>(client, statement, values));
    let committed: Promise<unknown> | null = null;
    const tx: Transaction = {
      query,
      copyIn: (statement, bytes) => noted(classified(copyIn(client, statement, bytes))),
      last: (statement, values) => {
        const answer = query<never>(statement, values);
        committed = query('COMMIT');
        committed.catch(ignore);
        return answer;
      },
    };
    // Not waited for: what the work sends goes out with it.
    query('BEGIN').catch(ignore);
    try {
      const result = await work(tx);
      await (committed ?? query('COMMIT'));
      // COMMIT after a failed statement rolls back and is no error; after a failed BEGIN each statement stood for itself.
      const failure = firstFailure();
      if (failure !== null) throw failure;
      return result;
    } catch (error) {
      if (!isBroken()) await (committed ?? query('ROLLBACK')).catch(ignore);
      throw error;
    }
  });

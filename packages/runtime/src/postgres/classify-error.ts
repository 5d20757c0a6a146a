/**
 * Turns what pg throws into an AppError that says what may be done. Total and pure. Messages name SQLSTATE and constraint, never values
 * (a server's own message may quote a row).
 *
 *   cannot connect, connection lost, 08*, 57P0*, 58*, 53*, 25006  POSTGRES_UNAVAILABLE, POSTGRES_DISK_FULL   retryable / dependency
 *   28*, 3D000                                                     POSTGRES_REFUSED                           retryable / dependency
 *   42P01, 42703, 42883, 3F000 (migration not run yet)             POSTGRES_SCHEMA_MISSING                    retryable / dependency
 *   40001, 40P01, 55P03, 57014 (timeout)                           POSTGRES_CONFLICT, POSTGRES_TIMEOUT        retryable / dependency
 *   23505 · other 23* · 22*                                        POSTGRES_UNIQUE_VIOLATION · _CONSTRAINT · _DATA_INVALID   poison
 *   other 42* (our SQL is wrong)                                   POSTGRES_STATEMENT_INVALID                 fatal
 *   anything else from the server                                  POSTGRES_ERROR                             retryable / message
 */
import { DatabaseError } from 'pg';
import { AppError, type AppErrorOptions } from '../errors/app-error.ts';
import type { PostgresErrorCode } from './errors.ts';

type Verdict = Pick<AppErrorOptions, 'kind' | 'message'> & {
  readonly code: PostgresErrorCode;
  readonly scope?: 'dependency';
};

const waitFor = (code: PostgresErrorCode, message: string): Verdict => ({
  code,
  kind: 'retryable',
  scope: 'dependency',
  message,
});
const never = (code: PostgresErrorCode, message: string): Verdict => ({ code, kind: 'poison', message });

export function classifyPostgresError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const verdict = error instanceof DatabaseError ? judgeState(error.code ?? '', error.constraint ?? null) : judgeForeign(error);
  return new AppError({ ...verdict, stage: 'sink', cause: error });
}

/** Whether the server itself answered, so that the connection is still good for a ROLLBACK. */
export const isServerAnswer = (error: unknown): boolean =>
  error instanceof DatabaseError && !/^(08|57P|58)/.test(error.code ?? '') && error.severity !== 'FATAL';

function judgeState(state: string, constraint: string | null): Verdict {
  const named = constraint === null ? state : `${state}, ${constraint}`;
  if (state === '53100') return waitFor('POSTGRES_DISK_FULL', 'PostgreSQL has no room left on its disk; free some');
  if (/^(08|57P|58|53)/.test(state) || state === '25006')
    return waitFor('POSTGRES_UNAVAILABLE', `PostgreSQL cannot serve now (${state})`);
  if (state.startsWith('28') || state === '3D000')
    return waitFor('POSTGRES_REFUSED', `PostgreSQL refuses the login or the database (${state}); check DATABASE_URL`);
  if (['42P01', '42703', '42883', '3F000'].includes(state))
    return waitFor('POSTGRES_SCHEMA_MISSING', `a table, column or function is missing (${state}); have the migrations run?`);
  if (['40001', '40P01', '55P03'].includes(state))
    return waitFor('POSTGRES_CONFLICT', `lost against another transaction (${state})`);
  if (state === '57014') return waitFor('POSTGRES_TIMEOUT', 'the statement took longer than DATABASE_STATEMENT_TIMEOUT_MS');
  if (state === '23505') return never('POSTGRES_UNIQUE_VIOLATION', `such a row exists already (${named})`);
  if (state.startsWith('23')) return never('POSTGRES_CONSTRAINT', `the row breaks a rule of the table (${named})`);
  if (state.startsWith('22')) return never('POSTGRES_DATA_INVALID', `a value does not fit its column (${state})`);
  if (state.startsWith('42'))
    return {
      code: 'POSTGRES_STATEMENT_INVALID',
      kind: 'fatal',
      message: `PostgreSQL does not understand our statement (${state})`,
    };
  return { code: 'POSTGRES_ERROR', kind: 'retryable', message: `PostgreSQL answered ${state || 'an error'}` };
}

/** Not an answer of the server: the connection, or a mistake of ours in the call. */
function judgeForeign(error: unknown): Verdict {
  if (error instanceof TypeError || error instanceof RangeError || !(error instanceof Error))
    return { code: 'POSTGRES_STATEMENT_INVALID', kind: 'fatal', message: 'the statement could not be sent' };
  if (/timeout/i.test(error.message)) return waitFor('POSTGRES_UNAVAILABLE', 'PostgreSQL does not answer in time');
  return waitFor('POSTGRES_UNAVAILABLE', 'PostgreSQL cannot be reached');
}

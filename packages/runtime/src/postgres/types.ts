/** The port of the relational store. Only this room imports pg. */
import type { Component } from '../lifecycle/component.ts';

export type Row = Readonly<Record<string, unknown>>;
/** A statement; with a name it is prepared once per connection (use one for everything hot). */
export type Statement = string | { readonly name: string; readonly text: string };
export type Result<R> = { readonly rows: readonly R[]; readonly rowCount: number };

/**
 * Rejects with AppError (stage `sink`), see classify-error.ts for the codes. `bigint` columns come as numbers (offsets, counts: all below
 * 2^53), `numeric` as text, `timestamptz` as Date, `json` parsed.
 */
export type Queryable = {
  query<R = Row>(statement: Statement, values?: readonly unknown[]): Promise<Result<R>>;
};

/** Statements are done in the order of the calls; those called without waiting go out together. Once one has failed, all later ones fail. */
export type Transaction = Queryable & {
  /**
   * `COPY … FROM STDIN (FORMAT binary)` of bytes in that format; how many rows. All or none; errors as for `query`. The bytes are the
   * caller's again when it settles.
   */
  copyIn(statement: string, bytes: Buffer): Promise<number>;
  /**
   * The last statement, with COMMIT right behind it, which saves a round trip. It must fail where nothing may take effect: what its answer
   * says comes too late, and so does an error of the work's own after it.
   */
  last<R = Row>(statement: Statement, values?: readonly unknown[]): Promise<Result<R>>;
};

/** The payload, or null for "the connection was away, you may have missed some": look at the tables. */
export type OnNotify = (payload: string | null) => void;

export type Postgres = Component &
  Queryable & {
    /** Questions on one connection, not one transaction: those asked without waiting for each other share a round trip. */
    session<T>(work: (session: Queryable) => Promise<T>): Promise<T>;
    /**
     * Runs `work` between BEGIN and COMMIT on one connection; any error rolls back and is rethrown, that of a statement also where the work
     * did not wait for it or passed over it. A connection lost during COMMIT rejects as POSTGRES_UNAVAILABLE although it may have committed,
     * and a BEGIN that failed although the work's statements stand: make the work idempotent.
     */
    transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
    /** LISTEN on its own connection, kept up for ever; returns how to end it. Before `start` it is only remembered. */
    listen(channel: string, onNotify: OnNotify): () => void;
  };

/**
 * Events of one kind whose state is one row: read what is stored, reduce in log order, write what changed. For orders, observations,
 * patients and messages, which come at the pace of people and analysers; AI jobs have a faster way (write-analyses.ts).
 */
import type { Row, Transaction } from '@clinstream/runtime/postgres';
import { SinkConflict } from './conflict.ts';
import type { CopyEncoder } from './sql/copy-format.ts';
import { insertRows } from './sql/insert-rows.ts';
import { loadRows } from './sql/load-rows.ts';
import type { Table } from './sql/table.ts';
import { updateRows } from './sql/update-rows.ts';

export type Versioned = { readonly version: number };
export type Kind<S extends Versioned, E> = {
  readonly table: Table<S>;
  readonly keyOf: (event: E) => string;
  readonly fromRow: (row: Row) => S;
  /** Pure; the very same object when the event changes nothing. */
  readonly reduce: (state: S | null, event: E, receivedAt: number) => S | null;
};
export type KindInput<E> = {
  readonly event: E;
  readonly eventId: string;
  readonly loggedAt: number;
  /** When it was received, which may be before it was logged; never after. */
  readonly receivedAt: number;
};
export type KindWritten = { readonly inserted: number; readonly updated: number; readonly ignored: number };

const nothing: KindWritten = { inserted: 0, updated: 0, ignored: 0 };

export async function writeKind<S extends Versioned, E>(
  tx: Transaction,
  kind: Kind<S, E>,
  inputs: readonly KindInput<E>[],
  encode: CopyEncoder,
): Promise<KindWritten> {
  if (inputs.length === 0) return nothing;
  const keys = [...new Set(inputs.map(({ event }) => kind.keyOf(event)))].sort();
  const stored = await loadStored(tx, kind, keys);
  const { states, ignored } = reduceAll(kind, stored, inputs);
  const added: S[] = [];
  const updates: { state: S; baseVersion: number }[] = [];
  for (const key of keys) {
    const before = stored.get(key);
    const after = states.get(key);
    if (after === undefined || after === before) continue;
    if (before === undefined) added.push(after);
    else updates.push({ state: after, baseVersion: before.version });
  }
  await insertRows(tx, kind.table, added, encode);
  if ((await updateRows(tx, kind.table, updates)) !== updates.length) throw new SinkConflict();
  return { inserted: added.length, updated: updates.length, ignored };
}

async function loadStored<S extends Versioned, E>(tx: Transaction, kind: Kind<S, E>, keys: readonly string[]) {
  const rows = await loadRows(tx, kind.table, keys);
  return new Map(rows.map((row) => [String(row[kind.table.key]), kind.fromRow(row)]));
}

function reduceAll<S extends Versioned, E>(kind: Kind<S, E>, stored: ReadonlyMap<string, S>, inputs: readonly KindInput<E>[]) {
  const states = new Map(stored);
  let ignored = 0;
  for (const { event, receivedAt } of inputs) {
    const key = kind.keyOf(event);
    const before = states.get(key) ?? null;
    const after = kind.reduce(before, event, receivedAt);
    if (after === null || after === before) ignored++;
    else states.set(key, after);
  }
  return { states, ignored };
}

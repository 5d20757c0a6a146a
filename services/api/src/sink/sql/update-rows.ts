/**
 * Replaces rows that are there, each only if it still has the version we built on; returns how many it replaced.
 *
 * Why the version: what we know of a row may come from memory, or another sink may have written it since we read it (a zombie during a
 * rebalance). Fewer rows than asked for means just that, and the flush is rolled back and done again.
 * Why JSON: updates are rare (a job that showed progress, an amendment, a correction), and one parameter of plain text serves every table.
 */
import type { Transaction } from '@clinstream/runtime/postgres';
import type { Table } from './table.ts';

export type Update<S> = { readonly state: S; readonly baseVersion: number };

export function updateStatement<S>({ name, key, columns }: Table<S>): string {
  const set = columns.filter((column) => column.name !== key).map((column) => `${column.name} = u.${column.name}`);
  const shape = columns.map((column) => `${column.name} ${column.type}`);
  return `UPDATE ${name} AS t SET ${set.join(', ')}
FROM json_to_recordset($1::json) AS u(${shape.join(', ')}, base_version integer)
WHERE t.${key} = u.${key} AND t.version = u.base_version`;
}

export async function updateRows<S>(tx: Transaction, table: Table<S>, updates: readonly Update<S>[]): Promise<number> {
  if (updates.length === 0) return 0;
  const rows = updates.map(({ state, baseVersion }) => ({
    ...Object.fromEntries(table.columns.map(({ name, of }) => [name, of(state)])),
    base_version: baseVersion,
  }));
  const statement = { name: `update ${table.name}`, text: updateStatement(table) };
  return (await tx.query(statement, [JSON.stringify(rows)])).rowCount;
}

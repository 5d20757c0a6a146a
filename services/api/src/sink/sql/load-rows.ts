/** The rows of these keys, whole, from a table that holds one state per row. No lock: see update-rows.ts. */
import type { Queryable, Row } from '@clinstream/runtime/postgres';
import { anyOf } from './any-of.ts';
import type { Table } from './table.ts';

export const loadStatement = <S>({ name, key, columns }: Table<S>) => ({
  name: `sink load ${name}`,
  text: `SELECT ${columns.map((column) => column.name).join(', ')} FROM ${name} WHERE ${key} = ${anyOf('$1')}`,
});

export const loadRows = async <S>(tx: Queryable, table: Table<S>, keys: readonly string[]): Promise<readonly Row[]> =>
  keys.length === 0 ? [] : (await tx.query(loadStatement(table), [keys])).rows;

/** A table as the sink sees it: its key, and each column with its type and where its value comes from. Data, no SQL of its own. */

export type ColumnValue = string | number | boolean | readonly string[] | readonly number[] | null;
export type ColumnType = 'text' | 'integer' | 'bigint' | 'double precision' | 'boolean' | 'text[]' | 'double precision[]';
export type Column<S> = { readonly name: string; readonly type: ColumnType; readonly of: (state: S) => ColumnValue };

export type Table<S> = {
  readonly name: string;
  readonly key: string;
  readonly columns: readonly Column<S>[];
};

export const column = <S>(name: string, type: ColumnType, of: (state: S) => ColumnValue): Column<S> => ({ name, type, of });

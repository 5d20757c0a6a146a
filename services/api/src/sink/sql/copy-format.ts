/**
 * Rows in Postgres' binary copy format (a signature, then per row a column count and per column a length and its bytes, then -1).
 * The buffer is kept between calls, one for each table: bytes handed out are valid until the next call for that table.
 */
import type { ColumnType, ColumnValue, Table } from './table.ts';

const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const oids = { text: 25, 'double precision': 701 } as const;
const firstBytes = 256 * 1024;
/** Kept at most; a larger batch gets a buffer of its own. */
const keptBytes = 8 * 1024 * 1024;

export type CopyEncoder = <S>(rows: readonly S[], table: Pick<Table<S>, 'name' | 'columns'>) => Buffer;

export function createCopyEncoder(): CopyEncoder {
  const buffers = new Map<string, Buffer>();
  return (rows, { name, columns }) => {
    const writer = createWriter(buffers.get(name) ?? Buffer.allocUnsafe(firstBytes));
    writer.raw(signature);
    for (const row of rows) {
      writer.int16(columns.length);
      for (const { type, of } of columns) writeValue(writer, type, of(row));
    }
    writer.int16(-1);
    const bytes = writer.bytes();
    const grown = writer.buffer();
    if (grown.length <= keptBytes) buffers.set(name, grown);
    return bytes;
  };
}

type Writer = ReturnType<typeof createWriter>;

type Write = (writer: Writer, value: never) => void;

const writeAs: Readonly<Record<ColumnType, Write>> = {
  text: (writer, value: string) => writer.text(value),
  integer: (writer, value: number) => {
    writer.int32(4);
    writer.int32(value);
  },
  bigint: (writer, value: number) => {
    writer.int32(8);
    writer.int64(value);
  },
  'double precision': (writer, value: number) => {
    writer.int32(8);
    writer.float64(value);
  },
  boolean: (writer, value: boolean) => writer.bool(value),
  'text[]': (writer, value: readonly string[]) => writeArray(writer, 'text', value),
  'double precision[]': (writer, value: readonly number[]) => writeArray(writer, 'double precision', value),
};

function writeValue(writer: Writer, type: ColumnType, value: ColumnValue): void {
  if (value === null) writer.int32(-1);
  else writeAs[type](writer, value as never);
}

/** Length, then dimensions, null flag, element type, count, lower bound, then the elements. */
function writeArray(writer: Writer, type: keyof typeof oids, values: readonly (string | number)[]): void {
  const lengthAt = writer.position();
  writer.int32(0);
  writer.int32(values.length === 0 ? 0 : 1);
  writer.int32(0);
  writer.int32(oids[type]);
  if (values.length > 0) {
    writer.int32(values.length);
    writer.int32(1);
    for (const value of values) writeValue(writer, type, value);
  }
  writer.patchLength(lengthAt);
}

function createWriter(initial: Buffer) {
  let buffer = initial;
  let at = 0;
  const room = (bytes: number): void => {
    if (at + bytes <= buffer.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes));
    buffer.copy(bigger, 0, 0, at);
    buffer = bigger;
  };
  return {
    raw(bytes: Buffer): void {
      room(bytes.length);
      at += bytes.copy(buffer, at);
    },
    int16(value: number): void {
      room(2);
      at = buffer.writeInt16BE(value, at);
    },
    int32(value: number): void {
      room(4);
      at = buffer.writeInt32BE(value, at);
    },
    /** Two halves, because BigInt costs ten times as much; values stay below 2^53. */
    int64(value: number): void {
      room(8);
      const high = Math.floor(value / 0x1_0000_0000);
      at = buffer.writeInt32BE(high, at);
      at = buffer.writeUInt32BE(value - high * 0x1_0000_0000, at);
    },
    float64(value: number): void {
      room(8);
      at = buffer.writeDoubleBE(value, at);
    },
    bool(value: boolean): void {
      room(5);
      at = buffer.writeInt32BE(1, at);
      at = buffer.writeUInt8(value ? 1 : 0, at);
    },
    text(value: string): void {
      room(4 + value.length * 3);
      const length = buffer.write(value, at + 4, 'utf8');
      buffer.writeInt32BE(length, at);
      at += 4 + length;
    },
    patchLength(lengthAt: number): void {
      buffer.writeInt32BE(at - lengthAt - 4, lengthAt);
    },
    position: (): number => at,
    bytes: (): Buffer => buffer.subarray(0, at),
    buffer: (): Buffer => buffer,
  };
}

/**
 * Reads Kafka record batches for kafkajs in one pass. kafkajs 2.2.4 itself makes a reader, several 64-bit objects and, for every header, a
 * buffer, a name and a copy of all headers before it, for each record; they outlive the young generation while records wait, which was most
 * of what consuming cost (ADR 0002). Here a record is one object, and headers are read when somebody asks. `install` must come before the
 * first fetch; where kafkajs's insides look different from the pinned version it changes nothing and says so. Compressed and cut-off
 * batches are left to kafkajs. Held as given: offsets and timestamps within 2^53.
 */
import type { IHeaders, RecordBatchEntry } from 'kafkajs';
import { replaceFunction } from '../kafka/kafkajs-insides.ts';

/** kafkajs's reader of a fetch response, standing at a record batch. */
export type BatchReader = { readonly buffer: Buffer; offset: number };
export type ReadBatch = { readonly records: readonly RecordBatchEntry[] };
type BatchDecoder = (reader: BatchReader) => Promise<ReadBatch>;

const batchModule = 'kafkajs/src/protocol/recordBatch/v0/decoder.js';

/** True when kafkajs now reads record batches through `decodeBatch`. */
export const installFastBatches = (): boolean => replaceFunction(batchModule, createBatchDecoder);

export const createBatchDecoder =
  (original: BatchDecoder): BatchDecoder =>
  async (reader) =>
    isPlain(reader) ? decodeBatch(reader) : original(reader);

/** Where the parts of a record batch stand (Kafka protocol, record batch of magic 2). */
const at = { length: 8, attributes: 21, firstTimestamp: 27, maxTimestamp: 35, producerId: 43, count: 57, records: 61 } as const;
const compressionMask = 0x07;
const logAppendTime = 0x08;
const transactional = 0x10;
const control = 0x20;

/** Whole and not compressed. */
function isPlain({ buffer, offset }: BatchReader): boolean {
  if (buffer.length - offset < at.records) return false;
  const end = offset + at.length + 4 + buffer.readInt32BE(offset + at.length);
  return end <= buffer.length && (buffer.readInt16BE(offset + at.attributes) & compressionMask) === 0;
}

function decodeBatch(reader: BatchReader): ReadBatch {
  const { buffer, offset: start } = reader;
  const attributes = buffer.readInt16BE(start + at.attributes);
  const base = {
    offset: Number(buffer.readBigInt64BE(start)),
    timestamp: Number(buffer.readBigInt64BE(start + at.firstTimestamp)),
    appendedAt: (attributes & logAppendTime) > 0 ? Number(buffer.readBigInt64BE(start + at.maxTimestamp)) : null,
    isControl: (attributes & control) > 0,
    // What kafkajs asks for when it leaves out records of aborted transactions.
    context: {
      inTransaction: (attributes & transactional) > 0,
      producerId: String(buffer.readBigInt64BE(start + at.producerId)),
    },
  };
  const count = buffer.readInt32BE(start + at.count);
  const records: RecordBatchEntry[] = [];
  const cursor = { buffer, offset: start + at.records };
  for (let i = 0; i < count; i++) records.push(readRecord(cursor, base));
  reader.offset = start + at.length + 4 + buffer.readInt32BE(start + at.length);
  return { records };
}

type Base = {
  readonly offset: number;
  readonly timestamp: number;
  readonly appendedAt: number | null;
  readonly isControl: boolean;
  readonly context: object;
};

function readRecord(cursor: BatchReader, base: Base): RecordBatchEntry {
  const length = readVarint(cursor);
  const end = cursor.offset + length;
  const attributes = cursor.buffer[cursor.offset++] as number;
  const timestamp = base.timestamp + readVarint(cursor);
  const offset = base.offset + readVarint(cursor);
  const key = readBytes(cursor);
  const value = readBytes(cursor);
  const record = new FastRecord(attributes, offset, base.appendedAt ?? timestamp, key, value, cursor, base);
  cursor.offset = end;
  return record;
}

/** A class, not a literal: one is made per record and its getters live on the prototype. */
class FastRecord implements RecordBatchEntry {
  readonly magicByte = 2;
  readonly attributes: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: object;
  readonly #offset: number;
  readonly #timestamp: number;
  readonly #source: Buffer;
  readonly #headersAt: number;

  constructor(
    attributes: number,
    offset: number,
    timestamp: number,
    key: Buffer | null,
    value: Buffer | null,
    rest: BatchReader,
    base: Base,
  ) {
    this.attributes = attributes;
    this.#offset = offset;
    this.#timestamp = timestamp;
    this.key = key;
    this.value = value;
    this.isControlRecord = base.isControl;
    this.batchContext = base.context;
    this.#source = rest.buffer;
    this.#headersAt = rest.offset;
  }

  get offset(): string {
    return String(this.#offset);
  }

  get timestamp(): string {
    return String(this.#timestamp);
  }

  get headers(): IHeaders {
    return readHeaders({ buffer: this.#source, offset: this.#headersAt });
  }
}

/** Values as text where they are ASCII, which is the same bytes and no object of its own; else as buffers. A repeated name gives a list. */
function readHeaders(cursor: BatchReader): IHeaders {
  const headers: IHeaders = {};
  for (let left = readVarint(cursor); left > 0; left--) {
    const name = readName(cursor);
    const value = readText(cursor);
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (before === undefined) headers[name] = value;
    else headers[name] = Array.isArray(before) ? [...before, value as string] : [before, value as string];
  }
  return headers;
}

/** The few names that come again with every record, by length and three of their bytes. For the process: what they are does not depend on who reads. */
const names = new Map<number, string>();
const mostNames = 64;
const longestName = 64;

function readName(cursor: BatchReader): string {
  const { buffer, offset: before } = cursor;
  const length = readVarint(cursor);
  const start = cursor.offset;
  const slot = slotOf(buffer, start, length);
  const known = names.get(slot);
  if (known !== undefined && standsAt(known, buffer, start)) {
    cursor.offset = start + length;
    return known;
  }
  cursor.offset = before;
  const name = readText(cursor) ?? '';
  if (typeof name !== 'string') return String(name);
  const isKept = known === undefined && length > 0 && length <= longestName && names.size < mostNames;
  if (isKept) names.set(slot, name);
  return name;
}

const slotOf = (buffer: Buffer, start: number, length: number): number =>
  length * 0x100_0000 +
  (buffer[start] as number) * 0x1_0000 +
  (buffer[start + (length >> 1)] as number) * 0x100 +
  (buffer[start + length - 1] as number);

function standsAt(text: string, buffer: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (buffer[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

function readText(cursor: BatchReader): string | Buffer | undefined {
  const length = readVarint(cursor);
  if (length < 0) return undefined;
  const { buffer, offset: start } = cursor;
  const end = start + length;
  cursor.offset = end;
  for (let i = start; i < end; i++) if ((buffer[i] as number) > 0x7f) return buffer.subarray(start, end);
  return buffer.toString('latin1', start, end);
}

function readBytes(cursor: BatchReader): Buffer | null {
  const length = readVarint(cursor);
  if (length < 0) return null;
  const start = cursor.offset;
  cursor.offset = start + length;
  return cursor.buffer.subarray(start, cursor.offset);
}

/** Zigzag varint of up to 53 bits: what passes 28 is multiplied, not shifted. */
function readVarint(cursor: BatchReader): number {
  const { buffer } = cursor;
  let byte = buffer[cursor.offset++] as number;
  let result = byte & 0x7f;
  for (let scale = 0x80; byte > 0x7f; scale *= 0x80) {
    byte = buffer[cursor.offset++] as number;
    result += (byte & 0x7f) * scale;
  }
  return result % 2 === 0 ? result / 2 : -(result + 1) / 2;
}

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RecordBatchEntry } from 'kafkajs';
import { encodeRecord } from '../producer/fast-record.ts';
import { type BatchReader, createBatchDecoder, installFastBatches } from './fast-batch.ts';

const require = createRequire(import.meta.url);
const decoderPath = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder.js');
const original = require(decoderPath) as (reader: BatchReader) => Promise<{ records: readonly RecordBatchEntry[] }>;
const Reader = require('kafkajs/src/protocol/decoder.js') as new (buffer: Buffer) => BatchReader;
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js') as {
  RecordBatch: (batch: object) => Promise<{ readonly buffer: Buffer }>;
};
const { Types } = require('kafkajs/src/protocol/message/compression/index.js') as { Types: { None: number; GZIP: number } };

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constant('x'.repeat(200)));
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const record = fc.record({
  timestampDelta: fc.oneof(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(
    text.filter((name) => !(name in {})), // kafkajs takes `toString` and its kin for headers it has seen before,
    fc.oneof(bytes, text, fc.array(text, { minLength: 2, maxLength: 3 })),
  ),
});
const batch = fc.record({
  firstTimestamp: fc.integer({ min: 0, max: 2 ** 42 }),
  records: fc.array(record, { minLength: 1, maxLength: 8 }),
  transactional: fc.boolean(),
});

type Parts = typeof batch extends fc.Arbitrary<infer T> ? T : never;

const written = async ({ firstTimestamp, records, transactional }: Parts, compression = Types.None): Promise<Buffer> => {
  const encoded = await RecordBatch({
    ...{ compression, firstTimestamp, maxTimestamp: firstTimestamp + 7, transactional, lastOffsetDelta: records.length - 1 },
    records: records.map((parts, offsetDelta) => encodeRecord({ ...parts, offsetDelta })),
  });
  return encoded.buffer;
};

/** As one would see it whichever reader made it: header values as bytes. */
const seen = (records: readonly RecordBatchEntry[]) =>
  records.map((one) => {
    const { isControlRecord, batchContext } = one as unknown as {
      isControlRecord: boolean;
      batchContext: Record<string, unknown>;
    };
    const headers = Object.entries(one.headers ?? {}).map(([name, value]) => [
      name,
      [value].flat().map((item) => Buffer.from(item ?? '').toString('hex')),
    ]);
    const { inTransaction, producerId } = batchContext;
    return {
      offset: one.offset,
      timestamp: one.timestamp,
      key: one.key,
      value: one.value,
      headers,
      isControlRecord,
      inTransaction,
      producerId,
    };
  });

const never = (): never => assert.fail('kafkajs was asked');

test('a batch reads as kafkajs would read it, and the reader stands behind it', async () => {
  await fc.assert(
    fc.asyncProperty(batch, async (parts) => {
      const buffer = Buffer.concat([await written(parts), Buffer.from('next')]);
      const [ours, theirs] = [new Reader(buffer), new Reader(buffer)];
      const fast = await createBatchDecoder(never)(ours);
      assert.deepEqual(seen(fast.records), seen((await original(theirs)).records));
      assert.equal(ours.offset, theirs.offset);
    }),
    { numRuns: 300 },
  );
});

test('a compressed batch and one whose end is cut off are left to kafkajs', async () => {
  const parts: Parts = {
    firstTimestamp: 1,
    transactional: false,
    records: [{ timestampDelta: 0, key: Buffer.from('k'), value: Buffer.from('v'), headers: { a: 'b' } }],
  };
  const packed = await written(parts, Types.GZIP);
  const read = await createBatchDecoder(original)(new Reader(packed));
  assert.equal(read.records[0]?.value?.toString(), 'v');
  const whole = await written(parts);
  for (const length of [whole.length - 1, 61, 60]) {
    const cut = new Reader(whole.subarray(0, length));
    await assert.rejects(createBatchDecoder(original)(cut), { name: 'KafkaJSPartialMessageError' }, `${length} bytes`);
  }
});

test('ASCII header values are text, others the very bytes, and a header without a value is none', async () => {
  const records = [
    { timestampDelta: 0, key: null, value: null, headers: { plain: 'abc', korean: '한', none: null, toString: 'x' } },
  ];
  const buffer = await written({ firstTimestamp: 1, transactional: false, records } as unknown as Parts);
  const [read] = (await createBatchDecoder(never)(new Reader(buffer))).records;
  assert.deepEqual(read?.headers, { plain: 'abc', korean: Buffer.from('한'), none: undefined, toString: 'x' });
});

test('kafkajs reads batches through ours once installed, and once only', () => {
  assert.equal(installFastBatches(), true);
  const installed = require(decoderPath);
  assert.notEqual(installed, original);
  assert.equal(installFastBatches(), true);
  assert.equal(require(decoderPath), installed);
});

test('names that begin and end alike are told apart, however often they come', async () => {
  const names = ['event-type', 'event-typo', 'e----t---e', 'error-code', 'event-type', 'é', ''];
  for (const name of [...names, ...names]) {
    const buffer = await written({
      firstTimestamp: 0,
      transactional: false,
      records: [{ timestampDelta: 0, key: null, value: null, headers: { [name]: 'v' } }],
    });
    const { records } = await createBatchDecoder(never)(new Reader(buffer));
    assert.deepEqual(Object.keys(records[0]?.headers ?? {}), [name]);
  }
});

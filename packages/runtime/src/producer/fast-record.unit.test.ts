import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeRecord, installFastRecords, type RecordParts } from './fast-record.ts';

const require = createRequire(import.meta.url);
const modulePath = require.resolve('kafkajs/src/protocol/recordBatch/record/v0/index.js');
const original = require(modulePath) as (parts: RecordParts) => { buffer: Buffer };

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constant('x'.repeat(200)));
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const nameOf = text.filter((name) => name !== '__proto__');
const record = fc.record({
  offsetDelta: fc.integer({ min: 0, max: 1_000_000 }),
  timestampDelta: fc.oneof(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })),
  key: fc.option(fc.oneof(bytes, text)),
  value: fc.option(bytes),
  headers: fc.dictionary(nameOf, fc.oneof(bytes, text, fc.array(text, { maxLength: 3 }))),
});

test('records have the very bytes kafkajs would write', () => {
  fc.assert(
    fc.property(record, (parts) => {
      assert.deepEqual(encodeRecord(parts).buffer, original(parts).buffer);
    }),
    { numRuns: 500 },
  );
});

test('kafkajs writes records through ours once installed', () => {
  assert.equal(installFastRecords(), true);
  assert.equal(require(modulePath), encodeRecord);
});

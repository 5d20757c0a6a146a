/** Bytes that were once written must decode for ever, and an old reader must survive what a newer writer adds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro, { type Schema } from 'avsc';
import { currentText, goldenOf, historyOf, recordNames } from '../scripts/frozen.ts';
import type { OrderEvent } from '../src/index.ts';
import { schemaOf, topics } from '../src/index.ts';
import { reduceOrder } from '../src/state/order.ts';

for (const name of recordNames()) {
  const reader = avro.Type.forSchema(JSON.parse(currentText(name)) as Schema);
  for (const { version, schema } of historyOf(name)) {
    const writer = avro.Type.forSchema(schema);
    for (const { title, value, hex } of goldenOf(name, version)) {
      const bytes = Buffer.from(hex, 'hex');

      test(`${name} v${version}, ${title}: the bytes still say the same`, () => {
        assert.deepEqual(plain(writer.fromBuffer(bytes)), value);
        assert.equal(writer.toBuffer(value).toString('hex'), hex);
      });

      test(`${name} v${version}, ${title}: today's reader reads it`, () => {
        const read = plain(reader.fromBuffer(bytes, reader.createResolver(writer))) as object;
        assert.partialDeepStrictEqual(read, value as object);
      });
    }
  }

  test(`${name}: an old reader survives a new symbol in each of its enums, and a new field`, () => {
    const newer = avro.Type.forSchema(withNewSymbols(JSON.parse(currentText(name)) as Json) as Schema);
    const resolver = reader.createResolver(newer);
    const [sample] = goldenOf(name, historyOf(name).length);
    assert.ok(sample);
    const written = newer.toBuffer({ ...(sample.value as object), type: 'SomethingNew', addedLater: 'x' });
    const read = plain(reader.fromBuffer(written, resolver));
    assert.deepEqual(read, { ...(sample.value as object), type: 'Unknown' });
  });
}

test('drill: an event of a type this build does not know leaves the order as it was', () => {
  const [sample] = goldenOf('order-event', 1);
  const placed = sample?.value as OrderEvent;
  const newer = avro.Type.forSchema(withNewSymbols(schemaOf[topics.orders] as Json) as Schema);
  const reader = avro.Type.forSchema(schemaOf[topics.orders] as Schema);
  const bytes = newer.toBuffer({ ...placed, type: 'SomethingNew', priority: 'somethingNew', addedLater: 'x' });
  const event = reader.fromBuffer(bytes, reader.createResolver(newer)) as OrderEvent;
  assert.deepEqual([event.type, event.priority], ['Unknown', 'unknown']);
  const state = reduceOrder(null, placed);
  assert.equal(reduceOrder(state, event), state);
});

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The schema a later release might write: each enum knows one symbol more, the record has a field more. */
function withNewSymbols(schema: Json): Json {
  const added: Json = { name: 'addedLater', type: 'string', default: '' };
  const grown = grow(schema) as { readonly fields: readonly Json[] };
  return { ...grown, fields: [...grown.fields, added] };
}

function grow(schema: Json): Json {
  if (Array.isArray(schema)) return (schema as readonly Json[]).map(grow);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]): [string, Json] => {
    if (key === 'symbols') return [key, [...(value as readonly string[]), 'SomethingNew', 'somethingNew']];
    return [key, key === 'default' ? value : grow(value)];
  });
  return Object.fromEntries(entries);
}

/** avsc gives records a prototype of their own. */
const plain = (value: unknown): unknown => structuredClone(value);

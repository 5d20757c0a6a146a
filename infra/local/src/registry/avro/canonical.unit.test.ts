import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalText } from './canonical.ts';
import { parseAvroSchema } from './parse.ts';
import { AvroSchemaError } from './types.ts';

const canonical = (text: string): string => canonicalText(parseAvroSchema(text));

test('formatting, attribute order, long-hand types and redundant namespaces do not matter', () => {
  const one = canonical(
    '{"type":"record","name":"R","namespace":"n","fields":[{"name":"a","type":"int"},{"name":"b","type":["null","R"]}]}',
  );
  const two = canonical(`{ "fields": [ { "type": {"type": "int"}, "name": "a" }, { "name": "b", "type": ["null", "n.R"] } ],
    "name": "n.R", "type": "record" }`);
  assert.equal(one, two);
});

test('docs, defaults, field order and logical types do matter', () => {
  const of = (field: string): string => canonical(`{"type":"record","name":"R","fields":[${field}]}`);
  const texts = [
    '{"name":"a","type":"long"}',
    '{"name":"a","type":"long","doc":"x"}',
    '{"name":"a","type":"long","default":0}',
    '{"name":"a","type":"long","aliases":["b"]}',
    '{"name":"a","type":{"type":"long","logicalType":"timestamp-millis"}}',
  ].map(of);
  assert.equal(new Set(texts).size, texts.length);
});

test('the canonical text of a canonical text is itself', () => {
  const text = canonical('{"type":"enum","name":"a.E","aliases":["a.F","b.G"],"symbols":["X"],"default":"X"}');
  assert.equal(canonical(text), text);
  assert.equal(text, '{"type":"enum","name":"E","namespace":"a","symbols":["X"],"default":"X","aliases":["F","b.G"]}');
});

for (const [why, text] of [
  ['not JSON', '{'],
  ['an unknown type', '"nothing"'],
  ['a name with a hyphen', '{"type":"fixed","name":"a-b","size":1}'],
  ['a default that does not fit', '{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"x"}]}'],
  ['an int default out of range', '{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":2147483648}]}'],
  [
    'a long default JavaScript would change',
    '{"type":"record","name":"R","fields":[{"name":"a","type":"long","default":9007199254740993}]}',
  ],
  ['two fields of one name', '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}'],
  ['a union in a union', '["null",["int"]]'],
  ['a union with one type twice', '["int","int"]'],
  [
    'a type defined twice',
    '[{"type":"fixed","name":"F","size":1},{"type":"array","items":{"type":"fixed","name":"F","size":1}}]',
  ],
  ['an enum default that is no symbol', '{"type":"enum","name":"E","symbols":["A"],"default":"B"}'],
] as const) {
  test(`refuses ${why}`, () => {
    assert.throws(() => parseAvroSchema(text), AvroSchemaError);
  });
}

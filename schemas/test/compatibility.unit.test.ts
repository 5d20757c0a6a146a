/** FULL_TRANSITIVE, before any registry is asked: every schema reads and is read by every earlier version of itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelProblems } from '@clinstream/local/registry/avro/compatibility';
import { parseAvroSchema } from '@clinstream/local/registry/avro/parse';
import { type AvroType, isNamed } from '@clinstream/local/registry/avro/types';
import { currentText, historyOf, recordNames, sameJson } from '../scripts/frozen.ts';

for (const name of recordNames()) {
  const current = currentText(name);
  const history = historyOf(name);

  test(`${name} is compatible with each of its ${history.length} frozen versions`, () => {
    const earlier = history.map((frozen) => parseAvroSchema(frozen.text));
    assert.deepEqual(levelProblems('FULL_TRANSITIVE', parseAvroSchema(current), earlier), []);
  });

  test(`${name} as it is now is frozen`, () => {
    assert.ok(sameJson(history.at(-1)?.text ?? 'null', current), 'the schema has changed: run `node schemas/scripts/freeze.ts`');
  });

  test(`every enum of ${name} has a default symbol, so that old readers survive a new one`, () => {
    const enums = namedTypesOf(parseAvroSchema(current)).flatMap((type) => (type.kind === 'enum' ? [type] : []));
    for (const type of enums) assert.match(type.default ?? '', /^unknown$/i, type.name);
  });
}

test('a change that breaks readers would be noticed', () => {
  const current = currentText('order-event');
  const broken = current.replace('"name": "orderId", "type": "string"', '"name": "orderId", "type": "long"');
  assert.notEqual(broken, current);
  assert.notDeepEqual(levelProblems('FULL_TRANSITIVE', parseAvroSchema(broken), [parseAvroSchema(current)]), []);
});

function namedTypesOf(type: AvroType): readonly AvroType[] {
  if (type.kind === 'union') return type.branches.flatMap(namedTypesOf);
  if (type.kind === 'array') return namedTypesOf(type.items);
  if (type.kind === 'map') return namedTypesOf(type.values);
  if (!isNamed(type)) return [];
  return [type, ...(type.kind === 'record' ? type.fields.flatMap((field) => namedTypesOf(field.type)) : [])];
}

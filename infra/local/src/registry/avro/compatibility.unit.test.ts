import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelProblems, readProblems } from './compatibility.ts';
import { parseAvroSchema } from './parse.ts';
import type { Json } from './types.ts';

const schema = (json: Json) => parseAvroSchema(JSON.stringify(json));
const canRead = (reader: Json, writer: Json): boolean => readProblems(schema(reader), schema(writer)).length === 0;
const record = (...fields: readonly Json[]): Json => ({ type: 'record', name: 'R', fields });
const colours = (symbols: readonly string[], fallback?: string): Json => ({
  type: 'enum',
  name: 'Colour',
  symbols,
  ...(fallback === undefined ? {} : { default: fallback }),
});

test('promotions go one way', () => {
  assert.ok(canRead('double', 'int') && canRead('long', 'int') && canRead('float', 'long') && canRead('string', 'bytes'));
  assert.ok(!canRead('int', 'long') && !canRead('float', 'double') && !canRead('string', 'int'));
});

test('a reader field that the writer lacks needs a default', () => {
  assert.ok(canRead(record({ name: 'a', type: 'int', default: 1 }), record()));
  assert.ok(canRead(record({ name: 'a', type: ['null', 'int'], default: null }), record()));
  assert.ok(!canRead(record({ name: 'a', type: 'int' }), record()));
  assert.ok(canRead(record(), record({ name: 'a', type: 'int' })));
});

test('an alias finds a renamed field; two writer fields for one reader field are refused', () => {
  const reader = record({ name: 'b', aliases: ['a'], type: 'int' });
  assert.ok(canRead(reader, record({ name: 'a', type: 'int' })));
  assert.ok(!canRead(reader, record({ name: 'a', type: 'int' }, { name: 'b', type: 'int' })));
});

test('a new enum symbol is readable only where the old reader has a default', () => {
  assert.ok(canRead(colours(['RED'], 'RED'), colours(['RED', 'BLUE'])));
  assert.ok(!canRead(colours(['RED']), colours(['RED', 'BLUE'])));
});

test('a writer union needs every branch read, a reader union one that reads', () => {
  assert.ok(canRead(['null', 'long'], 'int') && canRead(['null', 'int'], ['int', 'null']));
  assert.ok(canRead('long', ['int', 'long']));
  assert.ok(!canRead('int', ['null', 'int']) && !canRead(['null', 'string'], ['null', 'int']));
});

test('named types match by simple name or alias, fixed by size too', () => {
  const fixed = (name: string, size: number, aliases: readonly string[] = []): Json => ({ type: 'fixed', name, size, aliases });
  assert.ok(canRead(fixed('x.F', 4), fixed('y.F', 4)) && canRead(fixed('x.G', 4, ['y.F']), fixed('y.F', 4)));
  assert.ok(!canRead(fixed('F', 4), fixed('F', 5)) && !canRead(fixed('G', 4), fixed('F', 4)));
});

test('recursive types end, and a fault deep inside is found', () => {
  const tree = (leaf: Json): Json => ({
    type: 'record',
    name: 'Tree',
    fields: [
      { name: 'leaf', type: leaf },
      { name: 'children', type: { type: 'array', items: 'Tree' } },
    ],
  });
  assert.ok(canRead(tree('long'), tree('int')));
  assert.deepEqual(readProblems(schema(tree('int')), schema(tree('string'))), ['/leaf: int cannot read string']);
});

test('each level looks in its own direction, and back to its own distance', () => {
  const [one, two, three] = [record(), record({ name: 'a', type: 'int', default: 0 }), record({ name: 'a', type: 'int' })].map(
    schema,
  );
  assert.ok(one && two && three);
  const allowed = (level: Parameters<typeof levelProblems>[0]) => levelProblems(level, three, [one, two]).length === 0;
  assert.ok(allowed('NONE') && allowed('BACKWARD') && allowed('FORWARD') && allowed('FULL') && allowed('FORWARD_TRANSITIVE'));
  assert.ok(!allowed('BACKWARD_TRANSITIVE') && !allowed('FULL_TRANSITIVE'));
  assert.deepEqual(levelProblems('FULL_TRANSITIVE', three, []), []);
});

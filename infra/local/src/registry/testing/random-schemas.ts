/**
 * Test only. Avro schemas made at random from a seed, and mutations of schemas that make near relatives: some compatible, some not,
 * some not even valid. The same seed always gives the same ones.
 */
import type { Json } from '../avro/types.ts';

export type Random = { readonly below: (n: number) => number; readonly pick: <T>(of: readonly T[]) => T };
type Node = { [key: string]: Json };

/** A small, fast generator (xorshift32); quality hardly matters here, repeatability does. */
export function createRandom(seed: number): Random {
  let state = seed | 0 || 1;
  const below = (n: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  return { below, pick: (of) => of[below(of.length)] as (typeof of)[number] };
}

const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
const typeNames = ['A', 'B', 'C', 'x.A', 'x.B', 'y.A'] as const;
const fieldNames = ['a', 'b', 'c', 'd'] as const;
const symbols = ['RED', 'GREEN', 'BLUE', 'BLACK'] as const;

/** A schema whose names are drawn from a small set, so that two of them often meet. */
export function randomSchema(random: Random): Json {
  const known = new Set<string>();
  return random.below(4) === 0 ? schemaOf(random, 3, known) : recordOf(random, 3, known);
}

function schemaOf(random: Random, depth: number, known: Set<string>): Json {
  const choice = random.below(depth === 0 ? 3 : 10);
  if (choice <= 2) return choice === 2 && known.size > 0 ? random.pick([...known]) : random.pick(primitives);
  if (choice === 3) return { type: 'array', items: schemaOf(random, depth - 1, known) };
  if (choice === 4) return { type: 'map', values: schemaOf(random, depth - 1, known) };
  if (choice === 5) return enumOf(random, known);
  if (choice === 6) return newName(random, known, (name) => ({ type: 'fixed', name, size: 1 + random.below(3) }));
  if (choice === 7) return recordOf(random, depth - 1, known);
  return Array.from({ length: 1 + random.below(3) }, () => schemaOf(random, depth - 1, known));
}

function enumOf(random: Random, known: Set<string>): Json {
  const own = symbols.slice(random.below(2), 2 + random.below(3));
  const fallback: Node = random.below(2) === 0 ? { default: random.pick(own) } : {};
  return newName(random, known, (name) => ({ type: 'enum', name, symbols: own, ...fallback }));
}

function recordOf(random: Random, depth: number, known: Set<string>): Json {
  return newName(random, known, (name) => ({
    type: 'record',
    name,
    fields: fieldNames.slice(0, random.below(5)).map((field) => fieldOf(random, field, depth, known)),
  }));
}

function fieldOf(random: Random, name: string, depth: number, known: Set<string>): Node {
  const type = schemaOf(random, depth, known);
  const withDefault = random.below(2) === 0 ? { default: defaultOf(random, type) } : {};
  return { name, type, ...withDefault };
}

/** Mostly one that fits. */
function defaultOf(random: Random, type: Json): Json {
  if (random.below(12) === 0) return random.pick<Json>([null, 0, 'x', [], {}, true, 0.5]);
  if (Array.isArray(type)) return type.length === 0 ? null : defaultOf(random, random.pick(type as readonly Json[]));
  if (type === 'null') return null;
  if (type === 'boolean') return false;
  if (type === 'string' || type === 'bytes') return 'text';
  if (typeof type === 'string') return random.pick([0, 1, -5]);
  const node = type as Node;
  const byKind: Node = { array: [], map: {}, enum: (node['symbols'] as readonly Json[] | undefined)?.[0] ?? 'RED', fixed: 'abc' };
  return byKind[String(node['type'])] ?? {};
}

function newName(random: Random, known: Set<string>, make: (name: string) => Json): Json {
  const name = random.pick(typeNames);
  if (known.has(name) && random.below(10) > 0) return name;
  known.add(name);
  return make(name);
}

/** A relative: one to three small changes away. */
export function mutate(random: Random, schema: Json): Json {
  let copy = structuredClone(schema) as Json;
  for (let left = 1 + random.below(3); left > 0; left--) copy = mutateOnce(random, copy);
  return copy;
}

function mutateOnce(random: Random, schema: Json): Json {
  const places = placesOf(schema, (whole) => whole);
  return random.pick(places)(random);
}

/** Every place of the schema as a function that changes it there and gives the whole schema back. */
type Change = (random: Random) => Json;
function placesOf(node: Json, whole: (changed: Json) => Json): readonly Change[] {
  const here: Change = (random) => whole(changeType(random, node));
  if (Array.isArray(node)) {
    const list = node as readonly Json[];
    const inner = list.flatMap((branch, i) => placesOf(branch, (changed) => whole(list.with(i, changed))));
    return [here, (random) => whole(changeUnion(random, list)), ...inner];
  }
  if (typeof node !== 'object' || node === null) return [here];
  const object = node as Node;
  const inner = ['items', 'values'].flatMap((key) =>
    object[key] === undefined ? [] : placesOf(object[key], (changed) => whole({ ...object, [key]: changed })),
  );
  const named: readonly Change[] =
    object['name'] === undefined
      ? []
      : [(random) => whole(changeNamed(random, object)), (random) => whole(changeBody(random, object))];
  return [here, ...named, ...inner, ...fieldPlaces(object, whole)];
}

function fieldPlaces(record: Node, whole: (changed: Json) => Json): readonly Change[] {
  const fields = (record['fields'] ?? []) as readonly Node[];
  return fields.flatMap((field, i) => {
    const put = (changed: Node): Json => whole({ ...record, fields: fields.with(i, changed) });
    const drop: Change = () => whole({ ...record, fields: fields.toSpliced(i, 1) });
    const change: Change = (random) => put(changeField(random, field));
    return [drop, change, change, ...placesOf(field['type'] ?? 'null', (type) => put({ ...field, type }))];
  });
}

function changeType(random: Random, node: Json): Json {
  if (random.below(3) === 0) return random.pick(primitives);
  if (Array.isArray(node)) return random.pick(node as readonly Json[]) ?? 'null';
  return random.below(2) === 0 ? ['null', node] : [node, random.pick(primitives)];
}

function changeUnion(random: Random, branches: readonly Json[]): Json {
  if (branches.length > 0 && random.below(2) === 0) return branches.toSpliced(random.below(branches.length), 1);
  return random.below(2) === 0 ? branches.toReversed() : [...branches, random.pick(primitives)];
}

function changeNamed(random: Random, node: Node): Node {
  const name = random.pick([...typeNames, 'D', 'x.D']);
  return random.below(2) === 0 ? { ...node, name } : { ...node, name, aliases: [String(node['name'])] };
}

function changeBody(random: Random, node: Node): Node {
  if (node['type'] === 'fixed') return { ...node, size: 1 + random.below(4) };
  if (node['type'] === 'enum') {
    const own = symbols.slice(random.below(3), 2 + random.below(3));
    return { ...node, symbols: own, ...(random.below(2) === 0 ? { default: random.pick(symbols) } : {}) };
  }
  const fields = (node['fields'] ?? []) as readonly Json[];
  const type = random.pick([...primitives, ['null', 'int'], { type: 'array', items: 'long' }] as readonly Json[]);
  const added: Node = { name: random.pick([...fieldNames, 'e']), type };
  if (random.below(2) === 0) added['default'] = defaultOf(random, type);
  return { ...node, fields: fields.toSpliced(random.below(fields.length + 1), 0, added) };
}

function changeField(random: Random, field: Node): Node {
  const { default: _dropped, ...bare } = field;
  switch (random.below(5)) {
    case 0:
      return bare;
    case 1:
      return { ...field, default: defaultOf(random, field['type'] ?? 'null') };
    case 2:
      return { ...field, name: random.pick(fieldNames), aliases: [String(field['name'])] };
    case 3:
      return { ...field, name: random.pick([...fieldNames, 'e']) };
    default:
      return { ...field, doc: 'a field', order: random.pick(['ascending', 'descending']) };
  }
}

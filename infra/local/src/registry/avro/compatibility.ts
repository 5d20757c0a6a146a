/**
 * Who can read whom: Avro schema resolution as Apache Avro's SchemaCompatibility decides it (held to it by
 * compatibility-judge.int.test.ts). Pure.
 *
 *   a type against itself        named types also need the same simple name, or the writer's full name among the reader's aliases
 *   int -> long -> float -> double, string <-> bytes                                        promotions
 *   writer union                 every branch must be readable
 *   reader union                 one branch must be able to read the writer
 *   enum                         every writer symbol is known to the reader, or the reader has a default symbol
 *   record                       every reader field has a writer field (by name or alias) it can read, or a default
 *   fixed                        equal sizes
 *
 * A pair met again while it is being judged counts as readable, so recursive types end. Logical types are not looked at.
 */
import type { AvroEnum, AvroField, AvroFixed, AvroNamed, AvroRecord, AvroType, PrimitiveName } from './types.ts';
import { isNamed, simpleNameOf } from './types.ts';

export const compatibilityLevels = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const;
export type CompatibilityLevel = (typeof compatibilityLevels)[number];

export const isCompatibilityLevel = (text: unknown): text is CompatibilityLevel =>
  (compatibilityLevels as readonly unknown[]).includes(text);

/** Why `next` may not follow `earlier` (oldest first) at this level; empty when it may. */
export function levelProblems(level: CompatibilityLevel, next: AvroType, earlier: readonly AvroType[]): readonly string[] {
  if (level === 'NONE') return [];
  const against = level.endsWith('_TRANSITIVE') ? earlier : earlier.slice(-1);
  const backward = level.startsWith('BACKWARD') || level.startsWith('FULL');
  const forward = level.startsWith('FORWARD') || level.startsWith('FULL');
  return against.flatMap((old) => [
    ...(backward ? readProblems(next, old).map((problem) => `the new schema cannot read the old: ${problem}`) : []),
    ...(forward ? readProblems(old, next).map((problem) => `the old schema cannot read the new: ${problem}`) : []),
  ]);
}

/** Why data written with `writer` may not be readable with `reader`; empty when it always is. */
export function readProblems(reader: AvroType, writer: AvroType): readonly string[] {
  return judge(reader, writer, '', new Map());
}

type Problems = readonly string[];
/** Verdicts by reader and writer object: named types are one object each, so recursion meets its own entry. */
type Verdicts = Map<AvroType, Map<AvroType, Problems>>;

function judge(reader: AvroType, writer: AvroType, path: string, verdicts: Verdicts): Problems {
  const ofReader = verdicts.get(reader) ?? new Map<AvroType, Problems>();
  verdicts.set(reader, ofReader);
  const known = ofReader.get(writer);
  if (known) return known;
  ofReader.set(writer, []);
  const problems = decide(reader, writer, path, verdicts);
  ofReader.set(writer, problems);
  return problems;
}

function decide(reader: AvroType, writer: AvroType, path: string, verdicts: Verdicts): Problems {
  if (writer.kind === 'union') return writer.branches.flatMap((branch) => judge(reader, branch, path, verdicts));
  if (reader.kind === 'union') {
    const isReadable = reader.branches.some((branch) => judge(branch, writer, path, verdicts).length === 0);
    return isReadable ? [] : [`${at(path)}no branch of the union can read ${writer.kind}`];
  }
  if (reader.kind === 'array' && writer.kind === 'array') return judge(reader.items, writer.items, `${path}/items`, verdicts);
  if (reader.kind === 'map' && writer.kind === 'map') return judge(reader.values, writer.values, `${path}/values`, verdicts);
  if (isNamed(reader) && isNamed(writer)) return decideNamed(reader, writer, path, verdicts);
  return isPromotion(reader.kind, writer.kind) ? [] : [`${at(path)}${reader.kind} cannot read ${writer.kind}`];
}

function decideNamed(reader: AvroNamed, writer: AvroNamed, path: string, verdicts: Verdicts): Problems {
  if (reader.kind === 'record' && writer.kind === 'record') {
    return [...nameProblems(reader, writer, path), ...fieldProblems(reader, writer, path, verdicts)];
  }
  if (reader.kind === 'enum' && writer.kind === 'enum') {
    return [...nameProblems(reader, writer, path), ...symbolProblems(reader, writer, path)];
  }
  if (reader.kind === 'fixed' && writer.kind === 'fixed') {
    return [...nameProblems(reader, writer, path), ...sizeProblems(reader, writer, path)];
  }
  return [`${at(path)}${reader.kind} cannot read ${writer.kind}`];
}

function nameProblems(reader: AvroNamed, writer: AvroNamed, path: string): Problems {
  const matches = simpleNameOf(reader.name) === simpleNameOf(writer.name) || reader.aliases.includes(writer.name);
  return matches ? [] : [`${at(path)}${reader.name} is neither the name nor an alias of ${writer.name}`];
}

function fieldProblems(reader: AvroRecord, writer: AvroRecord, path: string, verdicts: Verdicts): Problems {
  return reader.fields.flatMap((field) => {
    const matches = [field.name, ...field.aliases].flatMap((name) => fieldNamed(writer, name));
    const [match, second] = matches;
    if (second) return [`${at(path)}field ${field.name} matches several fields of the writer`];
    if (match) return judge(field.type, match.type, `${path}/${field.name}`, verdicts);
    return field.default === undefined ? [`${at(path)}field ${field.name} is new and has no default`] : [];
  });
}

const fieldNamed = (record: AvroRecord, name: string): readonly AvroField[] =>
  record.fields.filter((field) => field.name === name);

function symbolProblems(reader: AvroEnum, writer: AvroEnum, path: string): Problems {
  const unknown = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol));
  return unknown.length === 0 || reader.default !== null
    ? []
    : [`${at(path)}enum lacks ${unknown.join(', ')} and has no default`];
}

const sizeProblems = (reader: AvroFixed, writer: AvroFixed, path: string): Problems =>
  reader.size === writer.size ? [] : [`${at(path)}fixed of ${reader.size} bytes cannot read ${writer.size}`];

const promotions: Readonly<Partial<Record<PrimitiveName, readonly string[]>>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  bytes: ['string'],
  string: ['bytes'],
};

const isPromotion = (reader: AvroType['kind'], writer: AvroType['kind']): boolean =>
  (reader === writer && reader !== 'array' && reader !== 'map') ||
  (promotions[reader as PrimitiveName]?.includes(writer) ?? false);

const at = (path: string): string => (path === '' ? '' : `${path}: `);

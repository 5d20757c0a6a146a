/**
 * Avro schema text -> AvroType, or AvroSchemaError saying what is wrong (the registry's 42201). Pure.
 *
 * Promise: refuses what Apache Avro's own parser refuses: bad or repeated names, unknown types, nested or ambiguous unions, defaults
 * that do not fit. Non-promise: a type must be defined once and before it is used (Avro 1.12 also takes forward references and equal
 * repetitions),
 * and an integer default beyond 2^53 is refused, because JavaScript would silently change it.
 */
import { isValidDefault } from './defaults.ts';
import type {
  AvroEnum,
  AvroField,
  AvroFixed,
  AvroNamed,
  AvroRecord,
  AvroType,
  Json,
  JsonObject,
  PrimitiveName,
} from './types.ts';
import { AvroSchemaError, isNamed, namespaceOf, primitiveNames, simpleNameOf } from './types.ts';

/** Names known so far, records whose fields are not all known yet, and the namespace we stand in. */
type Scope = { readonly known: Map<string, AvroNamed>; readonly open: Set<AvroType>; readonly namespace: string };

export function parseAvroSchema(text: string): AvroType {
  return parseType(parseJson(text), { known: new Map(), open: new Set(), namespace: '' });
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text, exactNumbers);
  } catch (cause) {
    if (cause instanceof AvroSchemaError) throw cause;
    throw new AvroSchemaError('the schema is not valid JSON', { cause });
  }
}

function exactNumbers(_key: string, value: Json, context?: { readonly source?: string }): Json {
  const isChanged = typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '');
  if (isChanged) throw new AvroSchemaError(`the integer ${context?.source} is beyond 2^53 and cannot be kept exactly`);
  return value;
}

function parseType(json: Json, scope: Scope): AvroType {
  if (typeof json === 'string') return parseReference(json, scope);
  if (Array.isArray(json)) return parseUnion(json as readonly Json[], scope);
  if (!isObject(json)) throw new AvroSchemaError(`a schema must be a name, an object or an array, not ${JSON.stringify(json)}`);
  const type = json['type'] ?? null;
  switch (type) {
    case 'record':
    case 'error':
      return parseRecord(json, scope);
    case 'enum':
      return parseEnum(json, scope);
    case 'fixed':
      return parseFixed(json, scope);
    case 'array':
      return { kind: 'array', items: parseType(member(json, 'items'), scope), attributes: others(json, 'items') };
    case 'map':
      return { kind: 'map', values: parseType(member(json, 'values'), scope), attributes: others(json, 'values') };
    default:
      return isPrimitiveName(type) ? { kind: type, attributes: others(json) } : parseType(member(json, 'type'), scope);
  }
}

function parseReference(name: string, scope: Scope): AvroType {
  if (isPrimitiveName(name)) return { kind: name, attributes: {} };
  const found = scope.known.get(fullNameOf(name, scope.namespace));
  if (!found) throw new AvroSchemaError(`undefined name: ${name}`);
  return found;
}

function parseUnion(members: readonly Json[], scope: Scope): AvroType {
  const branches = members.map((json) => parseType(json, scope));
  const seen = new Set<string>();
  for (const branch of branches) {
    if (branch.kind === 'union') throw new AvroSchemaError('a union may not hold another union');
    const key = isNamed(branch) ? branch.name : branch.kind;
    if (seen.has(key)) throw new AvroSchemaError(`duplicate in union: ${key}`);
    seen.add(key);
  }
  return { kind: 'union', branches };
}

function parseRecord(json: JsonObject, scope: Scope): AvroRecord {
  const record: AvroRecord = {
    kind: 'record',
    isError: json['type'] === 'error',
    ...named(json, scope, ['fields']),
    fields: [],
  };
  define(record, scope);
  const inner: Scope = { ...scope, namespace: namespaceOf(record.name) };
  scope.open.add(record);
  const seen = new Set<string>();
  for (const fieldJson of list(json, 'fields')) {
    const field = parseField(fieldJson, inner);
    if (seen.has(field.name)) throw new AvroSchemaError(`duplicate field ${field.name} in record ${record.name}`);
    seen.add(field.name);
    record.fields.push(field);
  }
  scope.open.delete(record);
  return record;
}

function parseField(json: Json, scope: Scope): AvroField {
  if (!isObject(json)) throw new AvroSchemaError('a field must be an object');
  const name = simpleName(text(json, 'name'));
  const type = parseType(member(json, 'type'), scope);
  const defaultValue = json['default'];
  if (defaultValue !== undefined && !isValidDefault(type, defaultValue, scope.open)) {
    throw new AvroSchemaError(`invalid default for field ${name}: ${JSON.stringify(defaultValue)}`);
  }
  const order = json['order'] ?? 'ascending';
  if (order !== 'ascending' && order !== 'descending' && order !== 'ignore') {
    throw new AvroSchemaError(`invalid order for field ${name}`);
  }
  const attributes = others(json, 'name', 'doc', 'default', 'order', 'aliases');
  return {
    name,
    aliases: names(json, 'aliases'),
    type,
    doc: optionalText(json, 'doc'),
    order,
    default: defaultValue,
    attributes,
  };
}

function parseEnum(json: JsonObject, scope: Scope): AvroEnum {
  const symbols = names(json, 'symbols', true).map(simpleName);
  const fallback = optionalText(json, 'default');
  const type: AvroEnum = { kind: 'enum', ...named(json, scope, ['symbols', 'default']), symbols, default: fallback };
  if (new Set(symbols).size !== symbols.length) throw new AvroSchemaError(`duplicate symbol in enum ${type.name}`);
  if (fallback !== null && !symbols.includes(fallback)) {
    throw new AvroSchemaError(`the default ${fallback} of enum ${type.name} is not one of its symbols`);
  }
  return define(type, scope);
}

function parseFixed(json: JsonObject, scope: Scope): AvroFixed {
  const size = json['size'];
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) throw new AvroSchemaError('a fixed needs a size');
  return define({ kind: 'fixed', ...named(json, scope, ['size']), size }, scope);
}

function define<T extends AvroNamed>(type: T, scope: Scope): T {
  if (scope.known.has(type.name)) throw new AvroSchemaError(`${type.name} is defined twice`);
  scope.known.set(type.name, type);
  return type;
}

function named(json: JsonObject, scope: Scope, own: readonly string[]) {
  const given = text(json, 'name');
  const name = fullNameOf(given, optionalText(json, 'namespace') ?? scope.namespace);
  simpleName(simpleNameOf(name));
  if (isPrimitiveName(name)) throw new AvroSchemaError(`a type may not be named after the primitive ${name}`);
  return {
    name,
    aliases: names(json, 'aliases').map((alias) => fullNameOf(alias, namespaceOf(name))),
    doc: optionalText(json, 'doc'),
    attributes: others(json, 'name', 'namespace', 'doc', 'aliases', ...own),
  };
}

const fullNameOf = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name.replace(/^\./, '') : `${namespace}.${name}`;

const isObject = (json: Json): json is JsonObject => typeof json === 'object' && json !== null && !Array.isArray(json);
const isPrimitiveName = (json: Json): json is PrimitiveName => (primitiveNames as readonly Json[]).includes(json);

function simpleName(name: string): string {
  if (!/^[\p{L}_][\p{L}\p{Nd}_]*$/u.test(name)) throw new AvroSchemaError(`illegal name: ${JSON.stringify(name)}`);
  return name;
}

function member(json: JsonObject, key: string): Json {
  const value = json[key];
  if (value === undefined) throw new AvroSchemaError(`${key} is missing`);
  return value;
}

function text(json: JsonObject, key: string): string {
  const value = json[key];
  if (typeof value !== 'string' || value === '') throw new AvroSchemaError(`${key} is missing or not text`);
  return value;
}

const optionalText = (json: JsonObject, key: string): string | null => (typeof json[key] === 'string' ? json[key] : null);

function list(json: JsonObject, key: string): readonly Json[] {
  const value = json[key];
  if (!Array.isArray(value)) throw new AvroSchemaError(`${key} is missing or not an array`);
  return value as readonly Json[];
}

function names(json: JsonObject, key: string, required = false): readonly string[] {
  if (json[key] === undefined && !required) return [];
  const values = list(json, key);
  if (!values.every((value) => typeof value === 'string')) throw new AvroSchemaError(`${key} must be an array of names`);
  return values as readonly string[];
}

/** Attributes that are none of the given ones nor `type`, sorted by name. */
function others(json: JsonObject, ...own: readonly string[]): JsonObject {
  const entries = Object.entries(json).filter(([key]) => key !== 'type' && !own.includes(key));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The one text of a schema: two texts are the same schema exactly when these are equal. Pure.
 *
 * As Confluent does (Avro's Schema.toString): whitespace, attribute order, `{"type": "string"}` for "string" and redundant namespaces
 * do not matter; docs, defaults, aliases, field order and further attributes (logicalType …) do. Unlike Confluent without
 * `normalize=true`, the order of further attributes does not matter either. This is not Avro's Parsing Canonical Form, which drops
 * docs and defaults and so could not tell two versions apart.
 */
import type { AvroField, AvroNamed, AvroType, Json } from './types.ts';
import { isNamed, namespaceOf, simpleNameOf } from './types.ts';

export const canonicalText = (type: AvroType): string => JSON.stringify(toJson(type, '', new Set()));

function toJson(type: AvroType, namespace: string, written: Set<AvroNamed>): Json {
  if (isNamed(type)) return namedToJson(type, namespace, written);
  switch (type.kind) {
    case 'union':
      return type.branches.map((branch) => toJson(branch, namespace, written));
    case 'array':
      return { type: 'array', items: toJson(type.items, namespace, written), ...type.attributes };
    case 'map':
      return { type: 'map', values: toJson(type.values, namespace, written), ...type.attributes };
    default:
      return Object.keys(type.attributes).length === 0 ? type.kind : { type: type.kind, ...type.attributes };
  }
}

function namedToJson(type: AvroNamed, namespace: string, written: Set<AvroNamed>): Json {
  const own = namespaceOf(type.name);
  if (written.has(type)) return own === namespace ? simpleNameOf(type.name) : type.name;
  written.add(type);
  return {
    type: type.kind === 'record' && type.isError ? 'error' : type.kind,
    name: simpleNameOf(type.name),
    ...(own === namespace ? {} : { namespace: own }),
    ...(type.doc === null ? {} : { doc: type.doc }),
    ...bodyOf(type, own, written),
    ...type.attributes,
    ...(type.aliases.length === 0 ? {} : { aliases: type.aliases.map((alias) => relativeTo(own, alias)) }),
  };
}

function bodyOf(type: AvroNamed, namespace: string, written: Set<AvroNamed>): { readonly [key: string]: Json } {
  switch (type.kind) {
    case 'fixed':
      return { size: type.size };
    case 'enum':
      return { symbols: type.symbols, ...(type.default === null ? {} : { default: type.default }) };
    case 'record':
      return { fields: type.fields.map((field) => fieldToJson(field, namespace, written)) };
  }
}

function fieldToJson(field: AvroField, namespace: string, written: Set<AvroNamed>): Json {
  return {
    name: field.name,
    type: toJson(field.type, namespace, written),
    ...(field.doc === null ? {} : { doc: field.doc }),
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.order === 'ascending' ? {} : { order: field.order }),
    ...(field.aliases.length === 0 ? {} : { aliases: field.aliases }),
    ...field.attributes,
  };
}

const relativeTo = (namespace: string, fullName: string): string =>
  namespaceOf(fullName) === namespace ? simpleNameOf(fullName) : fullName;

/** Does a JSON default fit its type? As Apache Avro 1.12 judges it: a union's default may fit any branch; symbols and lengths are not looked at. Pure. */
import type { AvroField, AvroType, Json } from './types.ts';

export function isValidDefault(type: AvroType, value: Json): boolean {
  switch (type.kind) {
    case 'null':
      return value === null;
    case 'boolean':
      return typeof value === 'boolean';
    case 'int':
      return Number.isInteger(value) && (value as number) === ((value as number) | 0);
    case 'long':
      return Number.isSafeInteger(value);
    case 'float':
    case 'double':
      return typeof value === 'number';
    case 'string':
    case 'bytes':
    case 'fixed':
    case 'enum':
      return typeof value === 'string';
    case 'array':
      return Array.isArray(value) && value.every((item: Json) => isValidDefault(type.items, item));
    case 'map':
      return isObject(value) && Object.values(value).every((item) => isValidDefault(type.values, item));
    case 'union':
      return type.branches.some((branch) => isValidDefault(branch, value));
    case 'record':
      return isObject(value) && type.fields.every((field) => isValidMember(field, value));
  }
}

function isValidMember(field: AvroField, value: { readonly [key: string]: Json }): boolean {
  const given = value[field.name] ?? (Object.hasOwn(value, field.name) ? null : field.default);
  return given !== undefined && isValidDefault(field.type, given);
}

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

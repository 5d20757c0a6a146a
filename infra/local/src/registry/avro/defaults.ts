/** Does a JSON default fit its type? As Apache Avro 1.12 judges it: a union's default may fit any branch; symbols and lengths are not looked at. Pure. */
import { type AvroField, AvroSchemaError, type AvroType, type Json } from './types.ts';

/** Throws AvroSchemaError for a default inside the very record it is a default of: its fields are not known yet (`open`). */
export function isValidDefault(type: AvroType, value: Json, open: ReadonlySet<AvroType>): boolean {
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
      return Array.isArray(value) && value.every((item: Json) => isValidDefault(type.items, item, open));
    case 'map':
      return isObject(value) && Object.values(value).every((item) => isValidDefault(type.values, item, open));
    case 'union':
      return type.branches.some((branch) => isValidDefault(branch, value, open));
    case 'record':
      if (!isObject(value)) return false;
      if (open.has(type)) throw new AvroSchemaError(`a default of record ${type.name} inside itself`);
      return type.fields.every((field) => isValidMember(field, value, open));
  }
}

function isValidMember(field: AvroField, value: { readonly [key: string]: Json }, open: ReadonlySet<AvroType>): boolean {
  const given = value[field.name] ?? (Object.hasOwn(value, field.name) ? null : field.default);
  return given !== undefined && isValidDefault(field.type, given, open);
}

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * An Avro schema as a graph: names resolved, recursion closed, every attribute kept. Made by parse.ts; read by canonical.ts
 * (its text) and compatibility.ts (who can read whom). A named type is one object however often it is referred to.
 */
export const primitiveNames = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
export type PrimitiveName = (typeof primitiveNames)[number];

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** `attributes` holds what Avro itself gives no meaning, such as logicalType. */
type Attributed = { readonly attributes: JsonObject };
/** `name` and `aliases` are full names. */
type Named = Attributed & { readonly name: string; readonly aliases: readonly string[]; readonly doc: string | null };

export type AvroField = Attributed & {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: AvroType;
  readonly doc: string | null;
  readonly order: 'ascending' | 'descending' | 'ignore';
  /** undefined: no default; null is the default null. */
  readonly default: Json | undefined;
};

export type AvroPrimitive = Attributed & { readonly kind: PrimitiveName };
export type AvroArray = Attributed & { readonly kind: 'array'; readonly items: AvroType };
export type AvroMap = Attributed & { readonly kind: 'map'; readonly values: AvroType };
export type AvroUnion = { readonly kind: 'union'; readonly branches: readonly AvroType[] };
export type AvroFixed = Named & { readonly kind: 'fixed'; readonly size: number };
export type AvroEnum = Named & { readonly kind: 'enum'; readonly symbols: readonly string[]; readonly default: string | null };
/** `fields` is filled after the object exists, so that a field may refer to the record it stands in. */
export type AvroRecord = Named & { readonly kind: 'record'; readonly isError: boolean; readonly fields: AvroField[] };

export type AvroNamed = AvroFixed | AvroEnum | AvroRecord;
export type AvroType = AvroPrimitive | AvroArray | AvroMap | AvroUnion | AvroNamed;

/** The text is not an Avro schema; the message says why. */
export class AvroSchemaError extends Error {
  override readonly name = 'AvroSchemaError';
}

export const isNamed = (type: AvroType): type is AvroNamed =>
  type.kind === 'fixed' || type.kind === 'enum' || type.kind === 'record';

/** The namespace of a full name, '' when it has none. */
export const namespaceOf = (fullName: string): string => fullName.slice(0, Math.max(0, fullName.lastIndexOf('.')));
export const simpleNameOf = (fullName: string): string => fullName.slice(fullName.lastIndexOf('.') + 1);

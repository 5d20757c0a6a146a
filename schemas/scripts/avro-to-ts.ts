/** Avro schema (parsed JSON) -> TypeScript source text. Pure. Knows what our schemas use: records, enums, arrays, maps, nullable unions. */

type Schema = string | readonly Schema[] | NamedOrComplex;
type Field = { readonly name: string; readonly type: Schema; readonly doc?: string };
type NamedOrComplex = {
  readonly type: Schema;
  readonly name?: string;
  readonly doc?: string;
  readonly fields?: readonly Field[];
  readonly symbols?: readonly string[];
  readonly items?: Schema;
  readonly values?: Schema;
};

const primitives: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  bytes: 'Buffer',
  string: 'string',
};

/** Source text with one exported type per named Avro type, in order of first appearance. */
export function typesOf(schemas: readonly NamedOrComplex[]): string {
  const declarations = new Map<string, string>();
  for (const schema of schemas) typeExpression(schema, declarations);
  return [...declarations.values()].join('\n');
}

function typeExpression(schema: Schema, out: Map<string, string>): string {
  if (typeof schema === 'string') return primitives[schema] ?? shortName(schema);
  if (Array.isArray(schema)) return schema.map((member: Schema) => typeExpression(member, out)).join(' | ');
  const complex = schema as NamedOrComplex;
  switch (complex.type) {
    case 'record':
      return declare(complex, out, () => recordBody(complex, out));
    case 'enum':
      return declare(complex, out, () => (complex.symbols ?? []).map((symbol) => `'${symbol}'`).join(' | '));
    case 'array':
      return `readonly ${parenthesised(typeExpression(complex.items ?? 'null', out))}[]`;
    case 'map':
      return `Readonly<Record<string, ${typeExpression(complex.values ?? 'null', out)}>>`;
    default:
      return typeExpression(complex.type, out);
  }
}

function recordBody(record: NamedOrComplex, out: Map<string, string>): string {
  const fields = (record.fields ?? []).map((field) => {
    const doc = field.doc ? `  /** ${field.doc} */\n` : '';
    return `${doc}  readonly ${field.name}: ${typeExpression(field.type, out)};`;
  });
  return `{\n${fields.join('\n')}\n}`;
}

function declare(schema: NamedOrComplex, out: Map<string, string>, body: () => string): string {
  const name = shortName(schema.name ?? '');
  const text = body();
  const doc = schema.doc ? `/** ${schema.doc} */\n` : '';
  const declaration = `${doc}export type ${name} = ${text};\n`;
  const earlier = out.get(name);
  if (earlier !== undefined && earlier !== declaration) throw new Error(`two different Avro types are named ${name}`);
  out.set(name, declaration);
  return name;
}

const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
const parenthesised = (expression: string): string => (expression.includes(' | ') ? `(${expression})` : expression);

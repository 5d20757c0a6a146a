/**
 * What the laboratory's own OpenAPI description lacks of our contract, one line each; empty when it has all. Pure; any JSON may be given.
 * Says nothing of what a description leaves open: answers are checked again when they come.
 */
import { type Operation, operations } from './contract.ts';

type Json = { readonly [name: string]: unknown };

export function missingIn(description: unknown): readonly string[] {
  const root = objectOf(description);
  const paths = objectOf(root?.['paths']);
  if (root === null || paths === null) return ['the description of the laboratory system names no paths'];
  return Object.values(operations).flatMap((operation) => missingOf(operation, root, paths));
}

/** Whether it describes this operation with all that we send and read. */
export function isServed(operation: Operation, description: unknown): boolean {
  const root = objectOf(description);
  const paths = objectOf(root?.['paths']);
  return root !== null && paths !== null && missingOf(operation, root, paths).length === 0;
}

export const nameOf = ({ method, path }: Operation): string => `${method.toUpperCase()} ${path.replace('{}', '{id}')}`;

function missingOf(operation: Operation, root: Json, paths: Json): readonly string[] {
  const name = nameOf(operation);
  const [, served] = Object.entries(paths).find(([path]) => shapeOf(path) === shapeOf(operation.path)) ?? [];
  const described = objectOf(objectOf(served)?.[operation.method]);
  if (described === null) return [`${name} is not served`];
  return [
    ...missingQuery(operation, described, objectOf(served), root).map((one) => `${name} has no query parameter ${one}`),
    ...missingFields(operation, described, root).map((one) => `${name} ${one}`),
    ...missingAnswers(operation, described, root).map((one) => `${name} does not answer with ${one}`),
  ];
}

/** Names of path parameters and a slash at the end are taste. */
const shapeOf = (path: string): string => path.replace(/\{[^}]*\}/g, '{}').replace(/\/$/, '');

function missingQuery({ query }: Operation, described: Json, shared: Json | null, root: Json): readonly string[] {
  const parameters = [...listOf(described['parameters']), ...listOf(shared?.['parameters'])].map((one) => resolve(one, root));
  return query.filter((name) => !parameters.some((one) => one?.['in'] === 'query' && one['name'] === name));
}

function missingFields({ sends }: Operation, described: Json, root: Json): readonly string[] {
  const names = Object.keys(sends);
  const body = schemaIn(resolve(described['requestBody'], root), root);
  if (names.length === 0 || body === null) return names.length === 0 ? [] : ['describes no body'];
  const known = propertiesOf(body, root);
  const required = requiredOf(body, root);
  return [
    ...names.filter((name) => known[name] === undefined).map((name) => `does not take ${name}`),
    ...required.filter((name) => !names.includes(name)).map((name) => `requires ${name}, which we do not send`),
    ...names.flatMap((name) =>
      refusedValues(known[name], sends[name] ?? [], root).map((value) => `does not take ${name} ${value}`),
    ),
  ];
}

function refusedValues(field: unknown, values: readonly string[], root: Json): readonly string[] {
  const allowed = partsOf(field, root).flatMap((part) => listOf(part['enum']));
  return allowed.length === 0 ? [] : values.filter((value) => !allowed.includes(value));
}

function missingAnswers({ reads }: Operation, described: Json, root: Json): readonly string[] {
  const responses = objectOf(described['responses']) ?? {};
  const [, good] = Object.entries(responses).find(([status]) => /^2/.test(status)) ?? [];
  const schema = schemaIn(resolve(good, root), root);
  if (schema === null) return [];
  const known = propertiesOf(itemOf(schema, root), root);
  return Object.keys(known).length === 0 ? [] : reads.filter((name) => known[name] === undefined);
}

/** Of a list or a page of one, what it is a list of. */
function itemOf(schema: Json, root: Json): Json {
  const list = schema['type'] === 'array' ? schema : resolve(propertiesOf(schema, root)['results'], root);
  return resolve(list?.['items'], root) ?? schema;
}

function schemaIn(holder: Json | null, root: Json): Json | null {
  const content = objectOf(holder?.['content']);
  const [, json] = Object.entries(content ?? {}).find(([type]) => /json/.test(type)) ?? [];
  return resolve(objectOf(json)?.['schema'], root);
}

function propertiesOf(schema: Json, root: Json): Json {
  return Object.assign({}, ...partsOf(schema, root).map((part) => objectOf(part['properties']) ?? {})) as Json;
}

const requiredOf = (schema: Json, root: Json): readonly string[] =>
  partsOf(schema, root).flatMap((part) => listOf(part['required']).filter((name) => typeof name === 'string'));

/** A schema and what it is put together from; a description that goes round in circles ends here, too. */
function partsOf(given: unknown, root: Json, depth = 0): readonly Json[] {
  const schema = resolve(given, root);
  if (schema === null || depth > 4) return [];
  const composed = [...listOf(schema['allOf']), ...listOf(schema['oneOf']), ...listOf(schema['anyOf'])];
  return [schema, ...composed.flatMap((part) => partsOf(part, root, depth + 1))];
}

function resolve(given: unknown, root: Json, depth = 0): Json | null {
  const value = objectOf(given);
  const reference = value?.['$ref'];
  if (typeof reference !== 'string') return value;
  if (!reference.startsWith('#/') || depth > 4) return null;
  const steps = reference.slice(2).split('/');
  return resolve(
    steps.reduce<unknown>((at, step) => objectOf(at)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], root),
    root,
    depth + 1,
  );
}

const objectOf = (value: unknown): Json | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * What Biome cannot see of the boundaries: where a relative import leads, and a member of a global (`Date.now` is an effect, `new Date(ms)` is not).
 * Part of `npm run lint`; prints one line per violation and exits 1. Tests, fixtures and other test support may do as they like.
 *
 *   contracts <- runtime <- services; services never import each other
 *   kafkajs is loaded by runtime/kafka/kafkajs.ts alone, behind what it should pick up; its types may come from itself
 *   a relative import stays inside its workspace: others are reached by their package name
 *   domain/ imports contracts, runtime's pure room hl7, the types of FHIR and domain/ only, and asks neither clock nor chance; so does that room
 *
 * Reads text, not syntax: an import that is built at run time is not seen.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));
const sources = '{schemas,packages/*,services/*,infra/local}/src/**/*.ts';
const isTestOnly = (path: string): boolean =>
  /\.test\.ts$|test-support\.ts$|\/(fixtures|testing)\//.test(path) || path.startsWith('packages/testkit/');

/** Of ours, by name; whoever is not listed may import all. */
const mayImport: Readonly<Record<string, RegExp>> = {
  schemas: /^$/,
  packages: /^@clinstream\/contracts$/,
  services: /^@clinstream\/(contracts|runtime(\/[a-z0-9]+)?)$/,
};

/** What a pure folder may import of ours. */
const pureRooms: readonly string[] = ['@clinstream/contracts', '@clinstream/runtime/hl7'];

/** Gone at run time. */
const typesOnly = /\bimport type [^;']*from 'fhir\/r4\.d\.ts'/g;
const anyTypesOnly = /\bimport type [^;']*from '[^']+'/g;
const kafkajsLoader = 'packages/runtime/src/kafka/kafkajs.ts';
const importing = /\b(?:from|import|import\()\s*'([^']+)'/g;
const effects = /\b(?:Date\.now|Date\(\)|Math\.random|performance\.now|crypto\.\w+)/g;

const violations = globSync(sources, { cwd: root })
  .filter((path) => !isTestOnly(path))
  .sort()
  .flatMap(violationsOf);
for (const violation of violations) console.error(violation);
if (violations.length > 0) process.exitCode = 1;

function violationsOf(path: string): readonly string[] {
  const text = withoutComments(readFileSync(join(root, path), 'utf8'));
  const workspace = path.startsWith('infra/') ? 'infra' : path.slice(0, path.indexOf('/src/'));
  const domain = /^services\/[^/]+\/src\/domain\/|^packages\/runtime\/src\/hl7\//.exec(path)?.[0];
  const isInside = (folder: string, specifier: string): boolean =>
    !/^\.\.([\\/]|$)/.test(relative(join(root, folder), resolve(root, dirname(path), specifier)));
  const imported = importsOf(text.replace(typesOnly, ''));
  const loadsKafkajs = importsOf(text.replace(anyTypesOnly, '')).includes('kafkajs') && path !== kafkajsLoader;
  const relatives = imported.filter((specifier) => specifier.startsWith('.'));
  const packages = imported.filter((specifier) => !specifier.startsWith('.'));
  const strangers = relatives.filter((specifier) => !isInside(workspace, specifier));
  const allowed = mayImport[path.slice(0, path.indexOf('/'))] ?? /./;
  const upwards = packages.filter((name) => name.startsWith('@clinstream/') && !allowed.test(name));
  const impure = domain === undefined ? [] : relatives.filter((specifier) => !isInside(domain, specifier));
  const foreign = domain === undefined ? [] : packages.filter((name) => !pureRooms.includes(name));
  const asked = domain === undefined ? [] : Array.from(text.matchAll(effects), ([effect]) => effect);
  return [
    ...strangers.map((specifier) => `${path}: '${specifier}' leads out of ${workspace}; import the package by its name`),
    ...upwards.map((name) => `${path}: ${workspace} must not import ${name}`),
    ...[...impure, ...foreign].map(
      (specifier) => `${path}: domain imports contracts, runtime/hl7 and domain only, not '${specifier}'`,
    ),
    ...(loadsKafkajs ? [`${path}: kafkajs is loaded by ${kafkajsLoader} alone`] : []),
    ...asked.map((effect) => `${path}: ${effect} in domain; time and ids arrive as arguments`),
  ];
}

function importsOf(text: string): readonly string[] {
  return Array.from(text.matchAll(importing), ([, specifier = '']) => specifier);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/**
 * Generates src/generated/ from avro/*.avsc: the schemas as a TypeScript value (so that no IO is needed to use them)
 * and one TypeScript type per named Avro type. `--check` writes nothing and exits 1 when the committed files differ.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { typesOf } from './avro-to-ts.ts';

const root = new URL('..', import.meta.url);
const check = process.argv.includes('--check');
const banner = '// Generated from schemas/avro by `npm run gen`. Do not edit.\n\n';

const schemas = readdirSync(new URL('avro/', root))
  .filter((name) => name.endsWith('.avsc'))
  .sort()
  .map((name) => JSON.parse(readFileSync(new URL(`avro/${name}`, root), 'utf8')));

const outputs: Readonly<Record<string, string>> = {
  'types.ts': banner + typesOf(schemas),
  'schemas.ts':
    banner +
    schemas.map((schema) => `export const ${schema.name}Schema = ${JSON.stringify(schema, null, 2)} as const;\n`).join('\n'),
};

let stale = false;
for (const [name, text] of Object.entries(outputs)) {
  const path = fileURLToPath(new URL(`src/generated/${name}`, root));
  if (!check) writeFileSync(path, text);
  else if (readOrEmpty(path) !== text) {
    stale = true;
    console.error(`${path} is not what the schemas say: run \`npm run gen\` and commit the result.`);
  }
}
if (stale) process.exitCode = 1;

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Writes docs/asyncapi.json. `--check` writes nothing and exits 1 when the committed file differs. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asyncApiOf } from './asyncapi.ts';

const root = new URL('../../', import.meta.url);
const file = fileURLToPath(new URL('docs/asyncapi.json', root));
const { version } = JSON.parse(readFileSync(new URL('schemas/package.json', root), 'utf8')) as { version: string };
const text = `${JSON.stringify(asyncApiOf(version), null, 2)}\n`;

if (process.argv.includes('--check')) {
  if (readOrEmpty() !== text) {
    console.error(`${file} is not what the contracts say: run \`npm run gen\` and commit the result.`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(fileURLToPath(new URL('docs/', root)), { recursive: true });
  writeFileSync(file, text);
}

function readOrEmpty(): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Writes docs/metrics.md and docs/errors.md from the code; with `--check` only says whether they are up to date (exit 1 if not).
 * Metrics and error codes are data and are imported.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderErrors } from './errors-page.ts';
import { errorRows } from './errors-rows.ts';
import { renderMetrics } from './metrics-page.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = globSync('{packages/runtime,services/*}/src/**/*.ts', { cwd: root })
  .filter((path) => !/\.test\.ts$|\/fixtures\/|\/testing\/|test-support\.ts$|\.bench\.ts$/.test(path))
  .sort();

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = {
  'docs/metrics.md': await renderMetrics(
    sources.filter((path) => read(path).includes('defineMetrics(')).map((path) => join(root, path)),
  ),
  'docs/errors.md': renderErrors(errorRows),
};

const check = process.argv.includes('--check');
for (const [path, text] of Object.entries(pages)) {
  if (check) report(path, text);
  else writeFileSync(join(root, path), text);
}

function report(path: string, text: string): void {
  let current = '';
  try {
    current = read(path);
  } catch {
    // A missing page is an outdated one.
  }
  if (current === text) return;
  process.exitCode = 1;
  process.stderr.write(`${relative(root, join(root, path))} is not what the code says; run npm run gen\n`);
}

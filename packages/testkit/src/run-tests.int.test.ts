import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { repositoryRoot } from '@clinstream/local';
import { findTests } from './find-tests.ts';
import type { KindReport } from './run-tests.ts';

const dir = mkdtempSync(join(tmpdir(), 'clinstream-runner-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/** In a process of its own: node:test does not run inside node:test. */
function report(source: string): KindReport {
  const file = join(dir, 'some.test.mjs');
  writeFileSync(file, `import { test } from 'node:test';\n${source}`);
  const script = `import { PassThrough } from 'node:stream';
    import { runTests } from ${JSON.stringify(new URL('run-tests.ts', import.meta.url).href)};
    const shown = new PassThrough();
    shown.resume();
    console.log(JSON.stringify(await runTests('unit', [${JSON.stringify(relative(repositoryRoot, file))}], shown)));`;
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const runner = join(dir, 'runner.mjs');
  writeFileSync(runner, script);
  return JSON.parse(execFileSync(process.execPath, [runner], { env, encoding: 'utf8', cwd: repositoryRoot })) as KindReport;
}

test('counts what passed, names what failed and what was skipped, with the reason', () => {
  const found = report(`test('good', () => {});
    test('bad', () => { throw new Error('no'); });
    test('absent', { skip: 'kcat is not installed' }, () => {});
    test('later', { todo: true }, () => { throw new Error('not yet'); });`);
  assert.equal(found.passed, 1);
  assert.deepEqual(
    found.failed.map(({ name }) => name),
    ['bad'],
  );
  assert.deepEqual(
    found.skipped.map(({ name, why }) => [name, why]),
    [
      ['absent', 'kcat is not installed'],
      ['later', 'todo'],
    ],
  );
});

test('a file that cannot be loaded is a failure, not silence', () => {
  assert.equal(report("import './nowhere.mjs';").failed.length, 1);
});

test('finds tests by their names, and by parts of their paths', () => {
  assert.ok(findTests('unit').includes('packages/testkit/src/fault-proxy.unit.test.ts'));
  assert.deepEqual(findTests('int', ['testkit/src/run-tests']), ['packages/testkit/src/run-tests.int.test.ts']);
  assert.ok([...findTests('unit'), ...findTests('int')].every((file) => !file.includes('node_modules')));
});

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { renderErrors, rowsOfErrors, rowsOfProblems } from './errors-page.ts';
import { errorRows } from './errors-rows.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const page = renderErrors(errorRows);
const rowsOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('| `'));

test('a row for every entry of every catalogue, sorted, with no blank cell', () => {
  const rows = rowsOf(page);
  assert.equal(rows.length, errorRows.length);
  for (const row of rows) assert.match(row, /^\| `[A-Z][A-Z0-9_]+` \| \S.* \| \S.* \| \S.* \|$/);
  const codes = rows.map((row) => /`(\w+)`/.exec(row)?.[1] ?? '');
  assert.deepEqual(codes, codes.toSorted());
});

test('what people look up is there', () => {
  const looked =
    'AVRO_UNREADABLE UNCLASSIFIED MODEL_TIMEOUT MODEL_CRASHED SCHEMA_UNKNOWN CONSUMER_CRASHED MISSING SINK_OTHER_LOG NOT_FOUND';
  for (const code of looked.split(' ')) assert.ok(page.includes(`\n| \`${code}\` |`), code);
});

test('kind, status, meaning and advice of an entry stand in its row', () => {
  const entry = { kind: 'retryable', scope: 'dependency', meaning: 'Away | gone.', whatToDo: 'Wait for <it>.' } as const;
  const rows = [...rowsOfProblems('b', { B_CODE: { status: 404, detail: 'None.' } }), ...rowsOfErrors('a', { A_CODE: entry })];
  assert.deepEqual(rowsOf(renderErrors(rows)), [
    '| `A_CODE` | retryable/dependency | Away \\| gone. *Wait for &lt;it>.* | a |',
    '| `B_CODE` | 404 | None. | b |',
  ]);
});

test('a blank is an error, not an empty cell', () => {
  const entry = { kind: 'poison', scope: 'message', meaning: 'x', whatToDo: ' ' } as const;
  assert.throws(() => rowsOfErrors('a', { A_CODE: entry }), /A_CODE of a/);
  assert.throws(() => renderErrors([{ code: 'A_CODE', answer: 'fatal', meaning: '', from: 'a' }]), /blank cell/);
});

/** A code thrown without an entry would be in no list; HL7 v2 codes have theirs in docs/hl7.md. */
test('no error is made with a code that no catalogue has', () => {
  const known = new Set(errorRows.map(({ code }) => code));
  const files = globSync('{packages/runtime,services/*}/src/**/*.ts', { cwd: root }).filter(
    (path) => !/test|fixtures|hl7|mllp\//.test(path),
  );
  const made = /new AppError\(\{\s*code: '(\w+)'|\b(?:fatal|poison|away|invalid)\(\s*'([A-Z][A-Z_]+)'/g;
  const found = files.flatMap((path) =>
    Array.from(readFileSync(`${root}/${path}`, 'utf8').matchAll(made), (match) => match[1] ?? match[2] ?? ''),
  );
  assert.ok(found.length > 15, `${found.length} found: does the pattern still fit?`);
  assert.deepEqual(
    found.filter((code) => !known.has(code)),
    [],
  );
});

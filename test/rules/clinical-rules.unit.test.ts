/** Every exchange rule has its tests: each test named in rules.ts exists under that very name, and no rule is forgotten. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Clause, rules } from './rules.ts';

const root = new URL('../../', import.meta.url);
const quoted = (before: string): RegExp => new RegExp(`${before}(['"\`])((?:\\\\.|(?!\\1)[^\\\\])*)\\1`, 'gs');
/** As they stand in the source: of a table of cases the template. */
const titlesIn = (source: string): ReadonlySet<string> =>
  new Set([...source.matchAll(quoted('\\btest\\(\\s*'))].map(([, , title = '']) => plain(title)));
const textsIn = (source: string): ReadonlySet<string> =>
  new Set([...source.matchAll(/(['"`])((?:\\.|(?!\1)[^\\\n])*)\1/g)].map(([, , text = '']) => plain(text)));
const plain = (literal: string): string => literal.replaceAll(/\\(['"`])/g, '$1');

const sources = new Map<string, string>();
function sourceOf(file: string): string {
  const known = sources.get(file) ?? (existsSync(new URL(file, root)) ? readFileSync(new URL(file, root), 'utf8') : '');
  sources.set(file, known);
  return known;
}

/** Null when the test is there. */
function missing(named: string): string | null {
  const [file = '', title = '', row] = named.split(' :: ');
  if (!/\.(unit|int|e2e|fault)\.test\.ts$/.test(file)) return `${file} is no test file`;
  const source = sourceOf(file);
  if (source === '') return `${file} does not exist`;
  if (!titlesIn(source).has(title)) return `${file} has no test '${title}'`;
  return row === undefined || textsIn(source).has(row) ? null : `${file} has no case '${row}'`;
}

const numbers = Array.from({ length: 17 }, (_, i) => `6.${i + 1}`);

test('every rule from 6.1 to 6.17 is here', () => {
  assert.deepEqual(Object.keys(rules), numbers);
});

test('what has no tests belongs to later work, and says to which', () => {
  const later = Object.entries(rules).flatMap(([number, rule]) => ('later' in rule && rule.later !== '' ? [number] : []));
  assert.deepEqual(later, ['6.15', '6.17']);
});

for (const [number, rule] of Object.entries(rules)) {
  if ('later' in rule) continue;
  test(`${number} ${rule.title}: every clause is shown by tests that exist`, () => {
    assert.deepEqual(
      rule.clauses.filter(({ shownBy }: Clause) => shownBy.length === 0),
      [],
    );
    assert.deepEqual(
      rule.clauses.flatMap(({ shownBy }) => shownBy.flatMap((named) => missing(named) ?? [])),
      [],
    );
  });
}

test('a test that was renamed or removed is noticed', () => {
  const here = 'test/rules/clinical-rules.unit.test.ts';
  assert.equal(missing(`${here} :: a test that was renamed or removed is noticed`), null);
  assert.notEqual(missing(`${here} :: a test that nobody wrote${''}`), null);
  assert.notEqual(missing('test/rules/nowhere.unit.test.ts :: any'), null);
  assert.notEqual(missing(`${here} :: a test that was renamed or removed is noticed :: a row${' '}nobody wrote`), null);
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { mutations } from './mutations.ts';

const root = new URL('../../', import.meta.url);

test('every bug can still be planted: its place stands there once, and its tests exist', () => {
  const stale = mutations.flatMap(({ name, file, find, tests }) => {
    const places = readFileSync(new URL(file, root), 'utf8').split(find).length - 1;
    const missing = tests.filter((path) => !existsSync(new URL(path, root)));
    return places === 1 && missing.length === 0 ? [] : [`${name}: stands ${places} times; ${missing.length} tests missing`];
  });
  assert.deepEqual(stale, []);
});

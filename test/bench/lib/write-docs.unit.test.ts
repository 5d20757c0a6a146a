import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markdownTable } from './bench.ts';
import { replaceSection } from './write-docs.ts';

test('a section is put at the end, then replaced in its place; its neighbours stay', () => {
  const once = replaceSection('# Page\n', 'a', 'first of a');
  const both = replaceSection(once, 'b', 'first of b');
  const again = replaceSection(both, 'a', 'second of a');
  assert.equal(
    again,
    '# Page\n\n<!-- bench:a -->\nsecond of a\n<!-- /bench:a -->\n\n<!-- bench:b -->\nfirst of b\n<!-- /bench:b -->\n',
  );
  assert.equal(replaceSection(again, 'a', 'second of a'), again);
});

test('a table aligns columns of numbers to the right and keeps bars in words', () => {
  const table = markdownTable(['name', 'n'], [['a|b', 12_345]]);
  assert.equal(table, '| name | n |\n| --- | ---: |\n| a\\|b | 12,345 |');
});

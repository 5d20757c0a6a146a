/** docs/hl7.md names every code a refusal can carry, and every setting of a channel. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** As far as it is about what we receive. */
const [page = ''] = readFileSync(new URL('../../../../docs/hl7.md', import.meta.url), 'utf8').split('\n# Orders to a laboratory');

const sources = (folder: string): string => {
  const url = new URL(folder, import.meta.url);
  const files = readdirSync(url).filter((name) => name.endsWith('.ts') && !name.includes('.test.') && name !== 'test-support.ts');
  return files.map((name) => readFileSync(new URL(name, url), 'utf8')).join('\n');
};

test('every code of a refusal is documented, and no other', () => {
  const code = sources('../domain/hl7/') + sources('../../../../packages/runtime/src/hl7/') + sources('./');
  const thrown = [...code.matchAll(/(?:Hl7Fault\(\d+, |fault\(segment, field, )'([A-Z_]+)'/g)].map((match) => match[1] ?? '');
  const built = [...code.matchAll(/condition: \d+,\s+code: '([A-Z_]+)'/g)].map((match) => match[1] ?? '');
  const inputs = [...code.matchAll(/problemOf\('([A-Z_]+)'/g)].map((match) => `INPUT_${match[1]}`);
  const used = new Set([...thrown, ...built, ...inputs]);
  assert.ok(used.size > 45, 'the patterns of this test still find the codes');
  const named = new Set([...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map((match) => match[1] ?? ''));
  // Made from the checks shared with HTTP, or names of settings.
  const elsewhere = [
    'NATIONAL_ID_REFUSED',
    'INVALID_IDENTIFIER',
    'INPUT_WRONG_UNIT',
    'INPUT_OUT_OF_RANGE',
    'INPUT_MISSING',
    'MLLP_CHANNEL_FILE',
    'MLLP_PORT',
  ];
  assert.deepEqual(
    [...used].filter((one) => !named.has(one)),
    [],
  );
  assert.deepEqual(
    [...named].filter((one) => !used.has(one) && !elsewhere.includes(one)),
    [],
  );
});

test('every setting of a channel is documented', () => {
  const settings = readFileSync(new URL('./channel-settings.ts', import.meta.url), 'utf8');
  const members = [
    ...settings.matchAll(
      /\.(?:text|optionalText|integer|optionalInteger|choice|choices|flag|list|object|optionalObject)\('(\w+)'/g,
    ),
  ].map((match) => match[1] ?? '');
  assert.ok(members.length > 15);
  for (const member of [...members, 'maxConnections', 'answerTimeoutMs'])
    if (member !== 'channels') assert.ok(page.includes(`\`${member}\``), member);
});

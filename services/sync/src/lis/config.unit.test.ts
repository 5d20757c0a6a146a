import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ConfigError, readConfig, variablesOf } from '@clinstream/runtime/config';
import { lisConfig } from './config.ts';

const spec = { lis: lisConfig };
const read = (env: Readonly<Record<string, string>> = {}) => readConfig(env, spec).lis;
const problems = (env: Readonly<Record<string, string>>): readonly string[] => {
  try {
    read(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ variable }) => variable);
  }
};

test('by default a laboratory beside us, that is never told anything twice', () => {
  const lis = read();
  assert.ok(lis.kind === 'mllp');
  assert.deepEqual([lis.mllp.client.host, lis.mllp.client.port, lis.mllp.client.connection], ['127.0.0.1', 2576, 'keep']);
  assert.deepEqual([lis.mllp.settings.channel.deduplicates, lis.mllp.settings.channel.urgent], [false, null]);
});

test('6.1, 6.9 what was agreed', () => {
  const lis = read({ LIS_ANSWERS: '103:retry, AR:park', LIS_URGENT_CODE: 'T', LIS_URGENT_FIELD: 'ZUR-12', LIS_CHARSET: 'ASCII' });
  assert.ok(lis.kind === 'mllp');
  const { channel, charset } = lis.mllp.settings;
  assert.deepEqual(channel.answers, { 103: 'retry', AR: 'park' });
  assert.deepEqual(channel.urgent, { code: 'T', segment: 'ZUR', field: 12 });
  assert.deepEqual([charset, channel.charset], ['ASCII', '']);
});

test('what does not fit together is said, all at once', () => {
  assert.deepEqual(problems({ LIS_KIND: 'rest' }), ['LIS_REST_URL']);
  assert.deepEqual(problems({ LIS_TLS_CERT_FILE: 'a.crt' }), ['LIS_TLS_KEY_FILE', 'LIS_TLS']);
  assert.deepEqual(
    problems({ LIS_ANSWERS: 'AA:retry', LIS_CHARSET: 'EUC', LIS_PROCESSING_ID: 'X', LIS_URGENT_FIELD: 'NTE-3' }).length,
    4,
  );
});

test('docs/hl7.md names every setting', () => {
  const page = readFileSync(new URL('../../../../docs/hl7.md', import.meta.url), 'utf8');
  const missing = variablesOf(spec)
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('LIS_REST') && !page.includes(`\`${name}`));
  assert.deepEqual(missing, []);
});

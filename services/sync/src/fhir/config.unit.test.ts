/** The FHIR fragment: what each way to log in needs, all problems at once, and no secret in any of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, type Env, readConfig } from '@clinstream/runtime/config';
import { fhirConfig } from './config.ts';

const base: Env = { FHIR_BASE_URL: 'https://fhir.example/r4/' };
const read = (env: Env) => readConfig({ ...base, ...env }, { fhir: fhirConfig }).fhir;
function problemsOf(env: Env): string {
  try {
    read(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return '';
}

test('defaults: no login, no polling, nothing unreviewed leaves', () => {
  const config = read({});
  assert.deepEqual([config.baseUrl, config.auth, config.pollIntervalMs], ['https://fhir.example/r4', { kind: 'none' }, 0]);
  assert.deepEqual([config.releaseUnreviewed, config.validate, config.writePatient], [false, false, true]);
});

test('each way to log in names what it lacks', () => {
  assert.match(problemsOf({ FHIR_AUTH: 'basic' }), /FHIR_USERNAME.*\n.*FHIR_PASSWORD/);
  assert.match(problemsOf({ FHIR_AUTH: 'bearer' }), /FHIR_TOKEN/);
  assert.match(problemsOf({ FHIR_AUTH: 'smart' }), /FHIR_CLIENT_ID.*\n.*FHIR_PRIVATE_KEY_FILE/);
  assert.match(problemsOf({ FHIR_AUTH: 'oauth1' }), /FHIR_AUTH/);
  assert.equal(read({ FHIR_AUTH: 'smart', FHIR_CLIENT_ID: 'c', FHIR_PRIVATE_KEY_FILE: '/k' }).auth.kind, 'smart');
});

test('no secret is printed', () => {
  const config = read({ FHIR_AUTH: 'bearer', FHIR_TOKEN: 'hunter2' });
  assert.ok(!JSON.stringify(config).includes('hunter2'));
  assert.ok(!problemsOf({ FHIR_BASE_URL: 'https://u:hunter2@h/' }).includes('hunter2'));
});

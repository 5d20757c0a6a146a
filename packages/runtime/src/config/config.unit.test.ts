import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import {
  ConfigError,
  defineConfig,
  type Env,
  httpConfig,
  integer,
  jwtConfig,
  kafkaConfig,
  list,
  opsConfig,
  postgresConfig,
  readConfig,
  registryConfig,
} from './index.ts';

const spec = {
  kafka: kafkaConfig,
  registry: registryConfig,
  postgres: postgresConfig,
  ops: opsConfig(9101),
  http: httpConfig(8080),
  jwt: jwtConfig,
  batchMaxLines: integer('BATCH_MAX_LINES', { meaning: 'lines per batch', default: 10_000, min: 1, max: 100_000 }),
};
const good: Env = {
  KAFKA_BROKERS: 'a:9092, b:9092',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:18081/',
  DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:5432/db',
  JWT_JWKS_FILE: '/keys.json',
  JWT_ISSUER: 'i',
  JWT_AUDIENCE: 'a',
};

function problemsOf(env: Env): string {
  try {
    readConfig(env, spec);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return '';
}

test('a good environment gives a frozen config with defaults', () => {
  const config = readConfig(good, spec);
  assert.deepEqual(config.kafka, { brokers: ['a:9092', 'b:9092'], tls: null, sasl: null });
  assert.equal(config.registry.url, 'http://127.0.0.1:18081');
  assert.deepEqual(config.jwt.jwks, { kind: 'file', path: '/keys.json' });
  assert.equal(config.ops.port, 9101);
  assert.equal(config.batchMaxLines, 10_000);
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.kafka));
});

test('all problems are reported at once, each with its variable and what is expected', () => {
  const text = problemsOf({
    OPS_PORT: '99999',
    LOG_LEVEL: 'loud',
    SCHEMA_REGISTRY_URL: 'http://user:pw@host',
    KAFKA_BROKERS: 'a:9092,,b',
    BATCH_MAX_LINES: '1e3',
  });
  for (const variable of [
    'OPS_PORT',
    'LOG_LEVEL',
    'SCHEMA_REGISTRY_URL',
    'KAFKA_BROKERS',
    'BATCH_MAX_LINES',
    'DATABASE_URL',
    'JWT_ISSUER',
  ])
    assert.ok(text.includes(variable), `${variable} missing in\n${text}`);
  assert.match(text, /OPS_PORT is out of range; expected a whole number from 0 to 65535/);
});

test('no value is ever quoted, not even a wrong one, and a secret prints as ***', () => {
  const canary = 'hunter2';
  const text = problemsOf({ ...good, DATABASE_URL: canary, OPS_PORT: canary, LOG_LEVEL: canary, KAFKA_TLS: canary });
  assert.ok(!text.includes(canary), text);
  const { postgres } = readConfig(good, spec);
  for (const printed of [inspect(postgres), JSON.stringify(postgres), `${postgres.url}`])
    assert.ok(!printed.includes(canary), printed);
  assert.ok(postgres.url.reveal().includes(canary));
});

test('settings that only make sense together are checked together', () => {
  assert.match(problemsOf({ ...good, KAFKA_SASL_MECHANISM: 'plain' }), /KAFKA_SASL_USERNAME.*\n.*KAFKA_SASL_PASSWORD/);
  assert.match(problemsOf({ ...good, KAFKA_TLS_CA_FILE: '/ca.pem' }), /KAFKA_TLS is false/);
  assert.match(problemsOf({ ...good, KAFKA_TLS: 'true', KAFKA_TLS_CERT_FILE: '/c' }), /KAFKA_TLS_KEY_FILE is not set/);
  assert.match(problemsOf({ ...good, JWT_JWKS_FILE: '' }), /JWT_JWKS_URL is not set and neither is JWT_JWKS_FILE/);
  assert.match(problemsOf({ ...good, JWT_JWKS_URL: 'http://x' }), /only one may be/);
});

test('help names every variable once with its meaning and default, and no secret', () => {
  const help = defineConfig(spec).help();
  assert.match(help, /OPS_PORT +port \/live.*default 9101/);
  assert.match(help, /DATABASE_URL .*required/);
  assert.equal(help.match(/KAFKA_BROKERS /g)?.length, 1);
});

test('list: limited values, typed', () => {
  const roles = { roles: list('API_ROLES', { meaning: 'parts to start', values: ['sink', 'http'], default: ['sink', 'http'] }) };
  assert.deepEqual(readConfig({}, roles).roles, ['sink', 'http']);
  assert.deepEqual(readConfig({ API_ROLES: 'http' }, roles).roles, ['http']);
  assert.throws(() => readConfig({ API_ROLES: 'http,other' }, roles), ConfigError);
});

test('reading never throws anything but ConfigError and never echoes, whatever the texts are', () => {
  const names = [
    'KAFKA_BROKERS',
    'SCHEMA_REGISTRY_URL',
    'DATABASE_URL',
    'OPS_PORT',
    'JWT_JWKS_URL',
    'HTTP_TRUSTED_PROXIES',
    'KAFKA_TLS',
  ];
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom(...names),
        fc.string({ minLength: 1 }).map((text) => `Zq${text}`),
      ),
      (env) => {
        assert.ok(!problemsOf(env).includes('Zq'));
      },
    ),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, type Env } from '@clinstream/runtime/config';
import { parseConfig } from './config.ts';

const forSink: Env = { KAFKA_BROKERS: 'a:9092', SCHEMA_REGISTRY_URL: 'http://registry' };
const forHttp: Env = { JWT_JWKS_FILE: '/keys', JWT_ISSUER: 'i', JWT_AUDIENCE: 'a', BLOB_DIR: '/blobs', MODELS_DIR: '/models' };
const database: Env = { DATABASE_URL: 'postgres://u@127.0.0.1/db' };

/** Variables complained about. */
function missing(env: Env): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ variable }) => variable).sort();
    throw error;
  }
  return [];
}

test('a sink asks for no tokens, blobs or models; the HTTP door publishes what people decide, and asks for all', () => {
  const sink = parseConfig({ ...forSink, ...database, API_ROLES: 'sink' });
  assert.deepEqual([sink.sink?.kafka.brokers, sink.door], [['a:9092'], null]);
  const http = parseConfig({ ...forSink, ...forHttp, ...database, API_ROLES: ' http ' });
  assert.deepEqual([http.door?.blobDir, http.sink], ['/blobs', null]);
});

test('each role still tells all of its own problems at once', () => {
  assert.deepEqual(missing({ API_ROLES: 'sink' }), ['DATABASE_URL', 'KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL']);
  assert.deepEqual(missing({ API_ROLES: 'http' }), [
    'BLOB_DIR',
    'DATABASE_URL',
    'JWT_AUDIENCE',
    'JWT_ISSUER',
    'KAFKA_BROKERS',
    'MODELS_DIR',
    'SCHEMA_REGISTRY_URL',
  ]);
});

test('both roles, or a role nobody knows, ask for everything', () => {
  for (const API_ROLES of [undefined, '', 'sink,http', 'http, sink', 'other']) {
    const names = missing({ API_ROLES });
    for (const name of ['KAFKA_BROKERS', 'JWT_ISSUER', 'BLOB_DIR']) assert.ok(names.includes(name), `${API_ROLES}: ${name}`);
    assert.equal(names.includes('API_ROLES'), API_ROLES === 'other');
  }
  const both = parseConfig({ ...forSink, ...forHttp, ...database });
  assert.ok(both.sink && both.door);
});

test('help names every setting of both roles', () => {
  for (const name of ['API_ROLES', 'KAFKA_BROKERS', 'JWT_ISSUER', 'DATABASE_URL'])
    assert.ok(parseConfig.help().includes(name), name);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@clinstream/runtime/config';
import { parseConfig } from './config.ts';

const good = {
  KAFKA_BROKERS: 'a:9092',
  SCHEMA_REGISTRY_URL: 'http://registry',
  DATABASE_URL: 'postgres://u:p@h/d',
  JWT_JWKS_FILE: '/keys.json',
  JWT_ISSUER: 'i',
  JWT_AUDIENCE: 'a',
  BLOB_DIR: '/blobs',
  MODELS_DIR: '/models',
};

test('what must be set is all there is to set; without a channel file nothing listens for HL7', () => {
  const config = parseConfig(good);
  assert.equal(config.mllp.channelFile, null);
  assert.deepEqual([config.http.port, config.ops.port, config.mllp.port], [8080, 9101, 2575]);
  assert.equal(config.apiPublicUrl, 'http://127.0.0.1:8081');
});

test('all problems at once', () => {
  assert.throws(
    () => parseConfig({ ...good, MODELS_DIR: '', MLLP_PORT: 'x', INGEST_CONFIRM_TIMEOUT_MS: '1' }),
    (error) => error instanceof ConfigError && error.problems.length === 3,
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@clinstream/runtime/config';
import { parseConfig } from './config.ts';

const env = {
  KAFKA_BROKERS: 'kafka:9092',
  SCHEMA_REGISTRY_URL: 'http://registry:8081',
  DATABASE_URL: 'postgres://u:p@db:5432/clinstream',
};

test('each role asks only for its own', () => {
  const lis = parseConfig({ ...env, SYNC_ROLES: 'lis' });
  assert.equal(lis.fhirSide, null);
  assert.ok(lis.lisSide);
  const fhir = parseConfig({ ...env, SYNC_ROLES: 'fhir', FHIR_BASE_URL: 'http://fhir:8080/fhir', MODELS_DIR: '/models' });
  assert.equal(fhir.lisSide, null);
  assert.equal(fhir.fhirSide?.fhir.baseUrl, 'http://fhir:8080/fhir');
});

test('a role nobody knows is reported along with whatever else is wrong', () => {
  assert.throws(
    () => parseConfig({ ...env, SYNC_ROLES: 'fax' }),
    (error: ConfigError) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /SYNC_ROLES/);
      assert.match(error.message, /FHIR_BASE_URL/);
      return true;
    },
  );
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '@clinstream/runtime/config';
import { parseConfig } from './config.ts';

const env = { KAFKA_BROKERS: '127.0.0.1:9092', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081', MODELS_DIR: 'models' };

describe('inference config', () => {
  it('works on all lanes with one worker unless told otherwise', () => {
    const config = parseConfig(env);
    assert.deepEqual([config.lanes, config.workers, config.ops.port], [['stat', 'urgent', 'routine'], 1, 9102]);
    assert.deepEqual(parseConfig({ ...env, INFERENCE_LANES: 'stat, urgent', INFERENCE_WORKERS: '4' }).lanes, ['stat', 'urgent']);
  });

  it('reports all its problems at once', () => {
    const bad = { ...env, MODELS_DIR: '', INFERENCE_LANES: 'fast', INFERENCE_WORKERS: '0' };
    assert.throws(
      () => parseConfig(bad),
      (error: ConfigError) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(error.problems.map((one) => one.variable).sort(), [
          'INFERENCE_LANES',
          'INFERENCE_WORKERS',
          'MODELS_DIR',
        ]);
        return true;
      },
    );
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetricsRegistry } from '../telemetry/metrics.ts';
import { createOpsServer } from './ops-server.ts';

test('a service publishes documents beside /live, /ready and /metrics, also after it has started', async () => {
  const documents = new Map<string, () => object>();
  const server = createOpsServer({
    host: '127.0.0.1',
    port: 0,
    registry: createMetricsRegistry({ processMetrics: false }),
    health: () => ({ ready: true, state: 'running', components: [] }),
    documents,
  });
  await server.start();
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port()}${path}`);
    return [response.status, await response.text()] as const;
  };
  try {
    assert.equal((await get('/keys.json'))[0], 404);
    documents.set('/keys.json', () => ({ keys: [] }));
    assert.deepEqual(await get('/keys.json?x=1'), [200, '{"keys":[]}\n']);
    assert.equal((await get('/live'))[0], 200);
  } finally {
    await server.stop(new AbortController().signal);
  }
});

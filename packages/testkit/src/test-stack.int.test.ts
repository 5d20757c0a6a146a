import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { testStack, uniqueName } from './test-stack.ts';

test('gives fresh topics that exist, each once', async () => {
  const stack = await testStack();
  const names = await stack.freshTopics(['orders', 'results'], { partitions: 3, like: 'clinical.orders.v1' });
  const admin = stack.admin();
  try {
    const counts = await admin.partitionCounts(Object.values(names));
    assert.deepEqual([...counts.values()], [3, 3]);
  } finally {
    await admin.close();
  }
  const response = await fetch(`${stack.registryUrl}/subjects/${names.orders}-value/versions/1`);
  assert.equal(response.status, 200);
});

test('gives databases that are migrated and apart from each other', async () => {
  const stack = await testStack();
  const [one, other] = await Promise.all([stack.freshDatabase(), stack.freshDatabase()]);
  const run = async (url: string, sql: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return await client.query(sql).finally(() => client.end());
  };
  await run(one.url, 'CREATE TABLE only_here (id int)');
  assert.equal((await run(other.url, "SELECT to_regclass('only_here') AS found")).rows[0]?.found, null);
  assert.ok((await run(other.url, 'SELECT version FROM schema_migration WHERE version > 0')).rows.length > 0);
  await one.drop();
  await assert.rejects(run(one.url, 'SELECT 1'), /does not exist/);
  await other.drop();
});

test('the registry stands at FULL_TRANSITIVE with a schema for every topic', async () => {
  const stack = await testStack();
  const config = (await (await fetch(`${stack.registryUrl}/config`)).json()) as { compatibilityLevel: string };
  assert.equal(config.compatibilityLevel, 'FULL_TRANSITIVE');
  assert.notEqual(uniqueName('a'), uniqueName('a'));
});

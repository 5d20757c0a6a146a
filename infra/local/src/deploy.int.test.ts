import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testStack, uniqueName } from '@clinstream/testkit';
import pg from 'pg';
import { type TopicSpec, topicSpecs } from '../../topics/topics.ts';
import { deployTopics } from './deploy.ts';
import { migrate, readMigrations } from './migrate.ts';
import { registerSchemas } from './schemas.ts';

const dir = mkdtempSync(join(tmpdir(), 'clinstream-migrations-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const specs: readonly TopicSpec[] = ['one', 'other'].map((name) => ({
  name: uniqueName(name),
  partitions: 'shared',
  retentionMs: 1000,
  cleanupPolicy: 'delete',
  why: 'a test',
}));

test('topics are made once; another partition count is told, never changed', async () => {
  const { kafkaConfig } = await testStack();
  const first = await deployTopics({ kafka: kafkaConfig, topics: specs, partitions: 2 });
  assert.deepEqual(first, { created: specs.map(({ name }) => name), differing: [] });
  const again = await deployTopics({ kafka: kafkaConfig, topics: specs, partitions: 3 });
  assert.deepEqual(again.created, []);
  assert.deepEqual(
    new Set(again.differing.map(({ name, partitions }) => `${name} ${partitions}`)),
    new Set(specs.map(({ name }) => `${name} 2`)),
  );
});

test('schemas keep their ids when they are registered again', async () => {
  const { registryUrl } = await testStack();
  assert.deepEqual(await registerSchemas({ url: registryUrl }), await registerSchemas({ url: registryUrl }));
});

test('only groups that retry by tiers have retry topics; every group has dead letters', () => {
  const parked = topicSpecs.map(({ name }) => name).filter((name) => /\.(retry-|dead-letter)/.test(name));
  const inOrder = ['api-sink', 'sync-fhir', 'sync-lis'].map((group) => `${group}.dead-letter.v1`);
  const inference = ['stat', 'urgent', 'routine'].flatMap((lane) =>
    ['retry-30s', 'retry-5m', 'retry-1h', 'dead-letter'].map((kind) => `inference-${lane}.${kind}.v1`),
  );
  assert.deepEqual(parked.sort(), [...inference, ...inOrder].sort());
});

test('topic names are unique, and each says why it is kept as long as it is', () => {
  assert.equal(new Set(topicSpecs.map(({ name }) => name)).size, topicSpecs.length);
  for (const { name, why } of topicSpecs) assert.ok(why.length > 20, name);
});

async function ask(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return await client.query(sql).finally(() => client.end());
}

async function emptyDatabase(): Promise<string> {
  const { url } = await (await testStack()).freshDatabase();
  await ask(url, 'DROP TABLE public.schema_migration');
  return url;
}

test('migrations are applied in order, once, also by two deploys at the same time', async () => {
  const url = await emptyDatabase();
  writeFileSync(join(dir, '0001_one.sql'), 'CREATE TABLE m_one (n int);');
  writeFileSync(join(dir, '0002_two.sql'), 'INSERT INTO m_one VALUES (1); INSERT INTO m_one VALUES (2);');
  const applied = await Promise.all([migrate({ url, dir }), migrate({ url, dir })]);
  assert.deepEqual(applied.flat(), ['0001_one.sql', '0002_two.sql']);
  assert.equal((await ask(url, 'SELECT * FROM m_one')).rowCount, 2);
  assert.deepEqual(await migrate({ url, dir }), []);
});

test('a failing migration leaves nothing of the whole deploy', async () => {
  const url = await emptyDatabase();
  writeFileSync(join(dir, '0003_three.sql'), 'CREATE TABLE m_three (n int); INSERT INTO m_nowhere VALUES (1);');
  await assert.rejects(migrate({ url, dir }), /m_nowhere/);
  assert.equal((await ask(url, "SELECT to_regclass('m_one') AS found")).rows[0]?.found, null);
  rmSync(join(dir, '0003_three.sql'));
});

test('an edited migration is refused', async () => {
  const url = await emptyDatabase();
  await migrate({ url, dir });
  writeFileSync(join(dir, '0001_one.sql'), 'CREATE TABLE m_one (n bigint);');
  await assert.rejects(migrate({ url, dir }), /MD5 checksum failed/);
});

test('two migrations of one number are refused', () => {
  writeFileSync(join(dir, '0001_twin.sql'), 'SELECT 1;');
  assert.throws(() => readMigrations(dir), /same number/);
});

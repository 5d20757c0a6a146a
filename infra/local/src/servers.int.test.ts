/** Kafka and PostgreSQL as processes: what was acknowledged survives kill -9, and nothing is left when they stop. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createAdmin, createKafka } from '@clinstream/runtime/kafka';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import pg from 'pg';
import { startKafka } from './kafka.ts';
import { freePorts } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { diesWithParent, isAlive } from './server-process.ts';
import { waitFor } from './wait.ts';

const base = mkdtempSync(join(tmpdir(), 'clinstream-servers-'));
after(() => rmSync(base, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

async function topicsOf(brokers: readonly string[]): Promise<readonly string[]> {
  const admin = createAdmin(createKafka({ brokers, tls: null, sasl: null }, createSilentTelemetry()));
  return await admin.listTopics().finally(() => admin.close());
}

test('Kafka keeps its cluster id and topics over kill -9, stop and another port', async () => {
  const dir = join(base, 'kafka');
  const kafka = await startKafka({ dir, port: await freePorts(2), heapMb: 256 });
  const admin = createAdmin(createKafka({ brokers: kafka.brokers, tls: null, sasl: null }, createSilentTelemetry()));
  await admin.createTopics([{ topic: 'kept', partitions: 1 }]);
  assert.equal(await admin.clusterId(), kafka.clusterId);
  await admin.close();
  await kafka.kill();
  await kafka.restart();
  assert.ok((await topicsOf(kafka.brokers)).includes('kept'));
  await kafka.stop();
  assert.ok(kafka.nodes.every((node) => !node.isRunning()));
  const moved = await startKafka({ dir, port: await freePorts(2), heapMb: 256 });
  assert.equal(moved.clusterId, kafka.clusterId);
  assert.ok((await topicsOf(moved.brokers)).includes('kept'));
  await moved.stop();
});

test('a Kafka that cannot start says why', async () => {
  const port = await freePorts(2);
  const properties = { 'log.retention.ms': 'soon' };
  await assert.rejects(startKafka({ dir: join(base, 'wrong'), port, properties }), /log\.retention\.ms/);
});

async function ask(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return await client.query(sql).finally(() => client.end());
}

test('PostgreSQL keeps what was committed over kill -9, again and again, and is gone after stop', async () => {
  const postgres = await startPostgres({ dir: join(base, 'postgres'), port: await freePorts() });
  await ask(postgres.url, 'CREATE TABLE kept (n int)');
  for (let n = 1; n <= 3; n += 1) {
    await ask(postgres.url, `INSERT INTO kept VALUES (${n})`);
    await postgres.kill();
    assert.equal(postgres.isRunning(), false);
    await postgres.restart();
  }
  assert.equal((await ask(postgres.url, 'SELECT * FROM kept')).rowCount, 3);
  await postgres.stop();
  await assert.rejects(ask(postgres.url, 'SELECT 1'), /ECONNREFUSED/);
});

test('a child dies with the process that started it', {
  skip: process.platform === 'linux' ? false : 'needs Linux',
}, async () => {
  const { command, args } = diesWithParent('sleep', ['1000']);
  const script = `const { spawn } = require('node:child_process');
    console.log(spawn(${JSON.stringify(command)}, ${JSON.stringify(args)}, { detached: true, stdio: 'ignore' }).pid); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(line.toString());
  assert.ok(isAlive(child));
  parent.kill('SIGKILL');
  await waitFor(() => !isAlive(child) || stateOf(child) === 'Z', { deadlineMs: 5_000, what: 'the child is gone' });
});

/** In a container nobody may collect the dead. */
function stateOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).charAt(0);
  } catch {
    return 'Z';
  }
}

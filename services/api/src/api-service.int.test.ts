/** The service as it is started: its own process, real Kafka, registry and Postgres. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  deadLetterTopicOf,
  formatLogPosition,
  groups,
  type LogPosition,
  type Topic,
  type TopicEvents,
  topics,
} from '@clinstream/contracts';
import { createKafka } from '@clinstream/runtime/kafka';
import { createPostgres, type Postgres } from '@clinstream/runtime/postgres';
import { createEventProducer, type EventProducer } from '@clinstream/runtime/producer';
import { createCodecs } from '@clinstream/runtime/registry';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { isolatedStack, startFaultProxy, type TestStack, type TestSystem, testSystem, waitFor } from '@clinstream/testkit';
import { ended, requested } from '../test/events.ts';
import { sinkTopics } from './sink/kinds.ts';

let stack: TestStack;
let system: TestSystem;
let producer: EventProducer;
let postgres: Postgres;
let token: string;
const closing: (() => Promise<unknown>)[] = [];

before(async () => {
  stack = await isolatedStack();
  const database = await stack.freshDatabase();
  const telemetry = createSilentTelemetry();
  postgres = createPostgres(database.config, telemetry);
  const codecs = createCodecs({ registry: stack.registryConfig, topics: sinkTopics, telemetry });
  producer = createEventProducer({ kafka: createKafka(stack.kafkaConfig, telemetry), codecs, telemetry });
  for (const component of [postgres, codecs, producer]) {
    await component.start();
    closing.push(() => component.stop(AbortSignal.timeout(5_000)));
  }
  await waitFor(() => codecs.readiness().ready, { deadlineMs: 10_000, what: 'the codecs' });
  system = await testSystem({ stack, database });
  token = await system.token({ roles: ['doctor'] });
});
after(async () => {
  await system.stop();
  for (const close of closing.reverse()) await close();
  await stack.stop();
});

let events = 0;
function publish<T extends Topic>(topic: T, value: TopicEvents[T], key: string): Promise<LogPosition> {
  const envelope = {
    eventId: `event-${++events}`,
    eventType: value.type,
    occurredAt: Date.now(),
    correlationId: 'c',
    traceparent: null,
    source: 'test',
    attempt: 1,
  };
  return producer.publish({ topic, key, value, envelope });
}
const request = (jobId: string) => publish(topics.requests.routine, requested(jobId, { patientKey: null }), jobId);
const end = (jobId: string) => publish(topics.results.routine, ended(jobId, { patientKey: null }), jobId);

type Shown = { readonly status: number; readonly body: { readonly status?: string } };
async function show(jobId: string, query = ''): Promise<Shown> {
  const response = await fetch(`${system.apiUrl}/v1/analyses/${jobId}?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: response.status, body: (await response.json()) as Shown['body'] };
}
const countCompleted = async (prefix: string): Promise<number> =>
  Number(
    (
      await postgres.query(`SELECT count(*) AS n FROM api.analysis_runs WHERE job_id LIKE $1 AND status = 'completed'`, [
        `${prefix}%`,
      ])
    ).rows[0]?.['n'],
  );

test('from the log to the door: pending, then the result, by a long poll', async () => {
  await system.startService('api');
  const position = formatLogPosition(await request('first'));
  const waiting = show('first', `wait=30&position=${position}`);
  await end('first');
  assert.deepEqual(await waiting.then(({ status, body }) => [status, body.status]), [200, 'completed']);
  await system.stop();
});

test('sink and http run apart, and the door is woken by the other process', async () => {
  await system.startService('api', { env: { API_ROLES: 'http' } });
  const position = formatLogPosition(await request('apart'));
  assert.equal((await show('apart', `position=${position}`)).body.status, 'pending');
  const waiting = show('apart', `wait=60&position=${position}`);
  await system.startService('api', { env: { API_ROLES: 'sink', OPS_PORT: String(system.ports.ops.ingest) } });
  await end('apart');
  assert.equal((await waiting).body.status, 'completed');
  await system.stop();
});

test('a door of its own reads on without Kafka, is ready, and ends clean', async () => {
  const nowhere = { API_ROLES: 'http', KAFKA_BROKERS: '127.0.0.1:9', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9' };
  const door = await system.startService('api', { env: nowhere });
  assert.ok(await door.isReady());
  assert.equal((await show('first')).body.status, 'completed');
  assert.equal((await door.stop()).code, 0);
  await system.stop();
});

test('kill -9 of the sink in mid-load loses and doubles nothing', async () => {
  const jobs = Array.from({ length: 3_000 }, (_, i) => `kill-${i}`);
  const first = await system.startService('api');
  const loading = Promise.all(jobs.map(async (jobId) => [await request(jobId), await end(jobId)]));
  await waitFor(async () => (await countCompleted('kill-')) > 300, { deadlineMs: 30_000, what: 'the first results' });
  first.kill('SIGKILL');
  await first.exited;
  await loading;
  await system.startService('api');
  await waitFor(async () => (await countCompleted('kill-')) === jobs.length, { deadlineMs: 60_000, what: 'all results' });
  const rows =
    await postgres.query(`SELECT count(*) AS n, count(DISTINCT job_id) AS jobs, max(version) AS version FROM api.analysis_runs
    WHERE job_id LIKE 'kill-%'`);
  assert.deepEqual(rows.rows[0], { n: jobs.length, jobs: jobs.length, version: 2 });
  await system.stop();
});

test('a record nobody can read is parked, and what follows it arrives', async () => {
  await system.startService('api');
  await producer.publishRecord({ topic: topics.results.routine, key: 'bad', value: Buffer.from('not avro'), headers: {} });
  await request('after-bad');
  await end('after-bad');
  await waitFor(async () => (await countCompleted('after-bad')) === 1, {
    deadlineMs: 30_000,
    what: 'the job after the bad record',
  });
  const admin = stack.admin();
  const bounds = await admin.logBounds([deadLetterTopicOf(groups.sink)]);
  await admin.close();
  assert.equal(
    bounds.reduce((sum, { logStartOffset, logEndOffset }) => sum + logEndOffset - logStartOffset, 0),
    1,
  );
  await system.stop();
});

test('Postgres away: the service lives, is not ready, and goes on by itself within seconds of its return', async () => {
  const url = new URL(stack.serverAddresses().databaseUrl);
  const proxy = await startFaultProxy({ targetPort: Number(url.port) });
  closing.push(() => proxy.stop());
  const { rows } = await postgres.query<{ name: string }>('SELECT current_database() AS name');
  url.port = String(proxy.port);
  url.pathname = `/${rows[0]?.name}`;
  const service = await system.startService('api', { env: { DATABASE_URL: url.href } });
  await request('before');
  await end('before');
  await waitFor(async () => (await countCompleted('before')) === 1, { deadlineMs: 20_000, what: 'the job before' });
  proxy.set({ kind: 'cut' });
  await request('during');
  await end('during');
  await waitFor(async () => !(await service.isReady()), { deadlineMs: 20_000, what: 'not ready' });
  assert.equal((await show('before')).status, 503);
  assert.ok(service.isRunning());
  proxy.set({ kind: 'pass' });
  await waitFor(async () => (await countCompleted('during')) === 1, { deadlineMs: 15_000, what: 'the job sent while away' });
  await waitFor(() => service.isReady(), { deadlineMs: 15_000, what: 'ready again' });
  await system.stop();
});

/** The whole service as a process, against real servers that are away at start, go away, and come back. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type AnalysisRequested, topics } from '@clinstream/contracts';
import {
  deploy,
  ensureKeys,
  freePorts,
  type KafkaHandle,
  type PostgresHandle,
  type ServiceProcess,
  serviceEnv,
  signToken,
  startKafka,
  startPostgres,
  startRegistry,
  startServiceProcess,
} from '@clinstream/local';
import { createAdmin, createKafka } from '@clinstream/runtime/kafka';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { waitFor } from '@clinstream/testkit';
import firstAnalysis from '../../../samples/http/first-analysis.json' with { type: 'json' };

const dir = mkdtempSync(join(tmpdir(), 'clinstream-ingest-'));
const keysDir = join(dir, 'keys');
type Servers = { kafka: KafkaHandle; postgres: PostgresHandle; registry: Awaited<ReturnType<typeof startRegistry>> };
let ports: { kafka: number; registry: number; postgres: number; first: number };
let servers: Servers;
let ingest: ServiceProcess;
let token: string;
let url: string;

/** The database's own folder holds its password, so its address is only known once it has been made: it is made, then stopped. */
before(async () => {
  ports = { kafka: await freePorts(6), registry: await freePorts(), postgres: await freePorts(), first: await freePorts(6) };
  await ensureKeys(keysDir);
  token = await signToken({ dir: keysDir, roles: ['doctor'], client: 'his' });
  const postgres = await startPostgres({ dir: join(dir, 'postgres'), port: ports.postgres, settings: { fsync: 'off' } });
  await postgres.stop();
  url = `http://127.0.0.1:${ports.first}`;
  ingest = startServiceProcess({
    name: 'ingest',
    entry: join(import.meta.dirname, 'main.ts'),
    env: envOf(postgres),
    logFile: null,
  });
  servers = { postgres } as Servers;
});

after(async () => {
  if (ingest?.isRunning()) await ingest.stop();
  await servers.registry?.stop();
  await Promise.all([servers.kafka?.kill(), servers.postgres?.kill()]);
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

function envOf(postgres: PostgresHandle): Record<string, string> {
  const { first } = ports;
  const env = serviceEnv('ingest', {
    addresses: {
      kafka: `127.0.0.1:${ports.kafka}`,
      registryUrl: `http://127.0.0.1:${ports.registry}`,
      databaseUrl: postgres.url,
    },
    ports: {
      ingestHttp: first,
      apiHttp: first + 1,
      mllp: first + 2,
      ops: { ingest: first + 3, inference: first + 4, api: first + 5, 'sync-fhir': 0, 'sync-lis': 0 },
    },
    keysDir,
    blobDir: join(dir, 'blobs'),
    mllpChannelFile: '',
  });
  return { ...env, INGEST_CONFIRM_TIMEOUT_MS: '5000' };
}

async function send(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const analysis = JSON.stringify(firstAnalysis);
const ask = (key: string | null) => send('/v1/analyses', analysis, key === null ? {} : { 'idempotency-key': key });

const isUp = async (path: string, expected: number): Promise<boolean> =>
  fetch(`${ingest.opsUrl}${path}`).then(
    (response) => response.status === expected,
    () => false,
  );
const until = (condition: () => Promise<boolean>, what: string) => waitFor(condition, { deadlineMs: 60_000, what });

test('everything away at start: alive, not ready, 503; ready by itself when it is there', { timeout: 180_000 }, async () => {
  await until(() => isUp('/live', 200), 'ingest is alive');
  await until(
    () =>
      fetch(`${url}/openapi.json`).then(
        (response) => response.ok,
        () => false,
      ),
    'its door is open',
  );
  assert.ok(await isUp('/ready', 503));
  const refused = await ask(null);
  assert.equal(refused.status, 503, refused.text);
  assert.ok(refused.headers.get('retry-after'));
  await servers.postgres.restart();
  const [kafka, registry] = await Promise.all([
    startKafka({ dir: join(dir, 'kafka'), port: ports.kafka, heapMb: 384 }),
    startRegistry({ port: ports.registry, databaseUrl: servers.postgres.url }),
  ]);
  Object.assign(servers, { kafka, registry });
  await deploy({
    kafka: { brokers: kafka.brokers, tls: null, sasl: null },
    registry: { url: registry.url },
    postgres: { url: servers.postgres.url },
  });
  await until(() => ingest.isReady(), 'ingest is ready');
  const accepted = await ask(null);
  assert.equal(accepted.status, 202, accepted.text);
});

test('the log dies: 503 with Retry-After while away, then the same job; Postgres dies: only keyed requests wait', {
  timeout: 240_000,
}, async () => {
  const before = JSON.parse((await ask('k-1')).text);
  await servers.kafka.kill();
  const away = await ask('k-2');
  assert.equal(away.status, 503, away.text);
  assert.equal(JSON.parse(away.text).code, 'KAFKA_UNAVAILABLE');
  assert.ok(away.headers.get('retry-after'));
  await until(() => isUp('/ready', 503), 'ingest says it is not ready');
  await servers.kafka.restart();
  await until(async () => (await ask('k-2')).status === 202, 'the log confirms again');
  assert.equal(JSON.parse((await ask('k-1')).text).jobId, before.jobId);

  await servers.postgres.kill();
  assert.equal((await ask(null)).status, 202);
  const keyed = await ask('k-3');
  assert.deepEqual([keyed.status, JSON.parse(keyed.text).code], [503, 'POSTGRES_UNAVAILABLE']);
  await servers.postgres.restart();
  await until(async () => (await ask('k-3')).status === 202, 'keys are reserved again');
  await until(() => ingest.isReady(), 'ingest is ready again');
});

test('a batch of thousands: each line answered once, each job in the log, a repeat adds no job', {
  timeout: 120_000,
}, async () => {
  const lines = Array.from({ length: 3_000 }, (_, i) =>
    JSON.stringify({ ...firstAnalysis, reference: `b-${i}`, patient: { ...firstAnalysis.patient, id: `P${i % 50}` } }),
  );
  const ndjson = { 'content-type': 'application/x-ndjson' };
  const answersOf = async () =>
    (await send('/v1/analyses:batch', lines.join('\n'), ndjson)).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const first = await answersOf();
  assert.deepEqual(
    first.map((answer) => [answer.line, answer.reference, answer.status]),
    lines.map((_, i) => [i + 1, `b-${i}`, 202]),
  );
  const again = await answersOf();
  assert.deepEqual(
    again.map((answer) => answer.jobId),
    first.map((answer) => answer.jobId),
  );
  const logged = await jobsInLog();
  assert.ok(first.every((answer) => logged.has(answer.jobId)));
  assert.ok(
    [...logged.values()].every((copies) => new Set(copies).size === 1),
    'copies of a job are equal bytes',
  );
});

test('nothing of a patient or an input in logs and metrics', async () => {
  const canary = 'canary-patient-4711';
  await send('/v1/analyses', analysis.replace('"100001"', `"${canary}"`));
  await send('/v1/analyses', analysis.replace('"100001"', `"${canary}"`).replace('18.2', '98765.25'));
  const metrics = await (await fetch(`${ingest.opsUrl}/metrics`)).text();
  assert.match(metrics, /clinstream_ingest_accepted_total\{operation="batch_line"\} 6000/);
  for (const text of [metrics, ingest.logs()]) assert.doesNotMatch(text, /canary-patient|98765/);
});

test('asked to stop, it ends clean', async () => {
  assert.deepEqual(await ingest.stop(), { code: 0, signal: null });
});

/** Value bytes of every analysis request in the routine lane, by job. */
async function jobsInLog(): Promise<Map<string, string[]>> {
  const { createCodecs } = await import('@clinstream/runtime/registry');
  const telemetry = createSilentTelemetry();
  const topic = topics.requests.routine;
  const codecs = createCodecs({ registry: { url: servers.registry.url, auth: null }, topics: [topic], telemetry });
  await codecs.start();
  const connection = createKafka({ brokers: servers.kafka.brokers, tls: null, sasl: null }, telemetry);
  const admin = createAdmin(connection);
  const expected = (await admin.logBounds([topic])).reduce((sum, bounds) => sum + bounds.logEndOffset - bounds.logStartOffset, 0);
  await admin.close();
  const jobs = new Map<string, string[]>();
  let seen = 0;
  const consumer = connection.client().consumer({ groupId: 'ingest-int-test' });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const value = message.value ?? Buffer.alloc(0);
      const { jobId } = (await codecs.decode(topic, value)) as AnalysisRequested;
      jobs.set(jobId, [...(jobs.get(jobId) ?? []), value.toString('base64')]);
      seen++;
    },
  });
  await until(async () => seen >= expected, 'the log has been read');
  await consumer.disconnect();
  await codecs.stop(AbortSignal.timeout(1_000));
  return jobs;
}

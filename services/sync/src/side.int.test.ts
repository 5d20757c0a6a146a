/** Whole sides of sync against a real Kafka, registry and Postgres: several instances, crashes, replays; only the target is scripted. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DeliveryEvent, deliveryEventIdOf, type OrderEvent, topics } from '@clinstream/contracts';
import { createKafka } from '@clinstream/runtime/kafka';
import type { Component } from '@clinstream/runtime/lifecycle';
import { createBatchConsumer } from '@clinstream/runtime/pipeline';
import { createPostgres, type Postgres, type Row } from '@clinstream/runtime/postgres';
import { createEventProducer, type EventProducer } from '@clinstream/runtime/producer';
import { createCodecs } from '@clinstream/runtime/registry';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { type FreshDatabase, isolatedStack, type TestStack, waitFor } from '@clinstream/testkit';
import { ordered, today } from '../test/events.ts';
import { createOutside, createScriptedTarget, type ScriptedTarget } from '../test/scripted-target.ts';
import { resetState } from './intake/sql/reset-state.ts';
import { createSide, type Side } from './side.ts';

const patients = 12;
const versions = 5;
const keyOf = (patient: number): string => `H1|MRN|${patient}`;

let stack: TestStack;
let database: FreshDatabase;
let postgres: Postgres;
let producer: EventProducer;
const told: DeliveryEvent[] = [];
const outside = createOutside();
const shared: Component[] = [];
let sides: { readonly side: Side; readonly target: ScriptedTarget }[] = [];

before(async () => {
  stack = await isolatedStack();
  database = await stack.freshDatabase();
  const telemetry = createSilentTelemetry();
  postgres = createPostgres(database.config, telemetry);
  const kafka = createKafka(stack.kafkaConfig, telemetry);
  const codecs = createCodecs({ registry: stack.registryConfig, topics: [topics.orders, topics.deliveries], telemetry });
  producer = createEventProducer({ kafka, codecs, telemetry });
  const reader = createBatchConsumer(
    {
      group: stack.freshGroup('reader'),
      topics: [topics.deliveries],
      startAt: async (_cluster, partitions) => partitions.map((one) => ({ ...one, nextOffset: one.logStartOffset })),
      apply: async (records) => void told.push(...records.map(({ event }) => event)),
      maxBatchRecords: 500,
      limits: { maxRecords: 2_000, maxBytes: 16_000_000, maxSpan: 50_000 },
    },
    { kafka, codecs, producer, telemetry, onFatal: (error) => outside.faults.push(error.message) },
  );
  for (const one of [postgres, codecs, producer, reader]) {
    await one.start();
    shared.push(one);
  }
});
after(async () => {
  await stopSides();
  for (const one of shared.splice(0).reverse()) await one.stop(AbortSignal.timeout(10_000));
  await stack?.stop();
});

async function startSide(): Promise<ScriptedTarget> {
  const target = createScriptedTarget(outside);
  const side = createSide(
    {
      name: 'fhir',
      kafka: stack.kafkaConfig,
      registry: stack.registryConfig,
      postgres: { ...database.config, poolSize: 10 },
      delivery: {
        batchRecords: 100,
        appliedEventsDays: 0,
        historyDays: null,
        leaseMs: 2_000,
        pollMs: 100,
        drainMs: 2_000,
        maxAttempts: 3,
        maxWorks: 50,
      },
      concurrency: 4,
      rate: null,
      makeTarget: () => ({ target, observers: [], components: [] }),
    },
    { telemetry: createSilentTelemetry(), onFatal: (error) => outside.faults.push(error.message) },
  );
  sides.push({ side, target });
  for (const one of side.components) await one.start();
  return target;
}

async function stopSides(): Promise<void> {
  const stopping = sides;
  sides = [];
  await Promise.all(
    stopping.map(async ({ side }) => {
      for (const one of side.components) one.quiesce?.();
      for (const one of [...side.components].reverse()) await one.stop(AbortSignal.timeout(10_000));
    }),
  );
}

const order = (patient: number, version: number): OrderEvent =>
  ordered(`order-${patient}`, {
    type: version === 1 ? 'OrderPlaced' : 'OrderAmended',
    patientKey: keyOf(patient),
    sourceVersion: today + version,
    note: `v${version}`,
  });

const publish = (value: OrderEvent) =>
  producer.publish({
    topic: topics.orders,
    key: value.patientKey,
    value,
    envelope: {
      eventId: `${value.orderId}-${value.sourceVersion}`,
      eventType: value.type,
      occurredAt: value.sourceVersion,
      correlationId: 'c',
      traceparent: null,
      source: 'test',
      attempt: 1,
    },
  });

/** Everything, in order per patient. */
async function publishAll(): Promise<void> {
  for (let version = 1; version <= versions; version++)
    await Promise.all(Array.from({ length: patients }, (_, patient) => publish(order(patient, version))));
}

const until = (what: string, condition: () => Promise<boolean> | boolean) =>
  waitFor(async () => condition(), { what, deadlineMs: 40_000 });
const rows = async (sql: string): Promise<readonly Row[]> => (await postgres.query(sql)).rows;
const isQuiet = async (): Promise<boolean> => {
  const [row] = await rows(`SELECT
    (SELECT count(*) FROM sync.deliveries WHERE NOT waiting AND outcome = 'delivered') AS delivered,
    (SELECT count(*) FROM sync.subjects WHERE state->>'note' = 'v${versions}') AS current,
    (SELECT count(*) FROM sync.outbox WHERE NOT published) AS untold`);
  return row?.['delivered'] === patients && row['current'] === patients && row['untold'] === 0;
};
const notesOf = (patient: number): readonly (string | null)[] =>
  outside.told
    .filter(({ id }) => id === `order-${patient}`)
    .map(({ work }) => (work.subject.kind === 'order' ? work.subject.state.note : null));
const ledger = () => rows('SELECT id, revision, digest FROM sync.deliveries ORDER BY id');

test('two instances, a target that is away at first: each patient ends at the newest state, never in flight twice, never back', async () => {
  const first = await startSide();
  const second = await startSide();
  first.isAway = true;
  second.isAway = true;
  const publishing = publishAll();
  await until('the target was asked for', () => first.probes > 1 && second.probes > 1);
  first.isAway = false;
  second.isAway = false;
  await publishing;
  await until('everything is delivered and told', isQuiet);
  assert.deepEqual(outside.faults, []);
  for (let patient = 0; patient < patients; patient++) {
    const notes = notesOf(patient);
    assert.deepEqual(notes, [...notes].sort(), `patient ${patient} was shown something older`);
    assert.equal(notes.at(-1), `v${versions}`);
  }
  await until('the topic has it', () => new Set(told.map(({ subjectId }) => subjectId)).size === patients);
});

test('one instance is stopped in the middle of a second wave, the other finishes', async () => {
  const change = (patient: number) =>
    publish(ordered(`order-${patient}`, { type: 'OrderCancelled', patientKey: keyOf(patient), sourceVersion: today + 50 }));
  const half = Array.from({ length: patients }, (_, patient) => patient);
  await Promise.all(half.slice(0, 6).map(change));
  const [leaving] = sides;
  if (!leaving) throw new Error('there are two');
  sides = sides.slice(1);
  for (const one of leaving.side.components) one.quiesce?.();
  const stopped = (async () => {
    for (const one of [...leaving.side.components].reverse()) await one.stop(AbortSignal.timeout(10_000));
  })();
  await Promise.all(half.slice(6).map(change));
  await stopped;
  await until('all are cancelled outside', () =>
    half.every((patient) => outside.shown(`order-${patient}`).at(-1) === 'cancelled'),
  );
  await until('everything is told', isQuiet);
  assert.deepEqual(outside.faults, []);
});

test('a full replay of the topics over the kept state, and one that rebuilds it: nothing is sent, no revision moves, the same events', async () => {
  const sent = outside.told.length;
  const before = await ledger();
  const ids = new Set(told.map(deliveryEventIdOf));
  await publishAll();
  await stopSides();
  await resetState(postgres, 'fhir');
  await startSide();
  await until('the state is rebuilt', async () => {
    const [row] =
      await rows(`SELECT count(*) AS n, (SELECT count(*) FROM sync.target_offset WHERE next_offset < replay_until) AS behind,
      (SELECT count(*) FROM sync.deliveries WHERE waiting) AS waiting FROM sync.subjects WHERE kind = 'order'`);
    return row?.['n'] === patients && row['behind'] === 0 && row['waiting'] === 0;
  });
  await until('everything is told', isQuiet);
  assert.equal(outside.told.length, sent);
  assert.deepEqual(await ledger(), before);
  assert.ok(told.every((event) => ids.has(deliveryEventIdOf(event))));
  assert.deepEqual(outside.faults, []);
});

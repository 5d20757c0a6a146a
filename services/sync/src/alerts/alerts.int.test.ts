import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type AlertEvent, type DeliveryEvent, type ObservationEvent, topics } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import { createPostgres, type Postgres } from '@clinstream/runtime/postgres';
import type { OutgoingEvent } from '@clinstream/runtime/producer';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { type FreshDatabase, testStack } from '@clinstream/testkit';
import { cluster, observed, ordered, type Placed, patient, progressOf, recordOf, today } from '../../test/events.ts';
import { createIntake, type Intake } from '../intake/intake.ts';
import { topicsOf } from '../intake/topics.ts';
import { createEscalator, type Escalator } from './escalator.ts';
import { createAlertObserver } from './observe.ts';

const minute = 60_000;
const config = { escalationMs: 15 * minute };
const time = { now: today + 10_000 };
const telemetry = createSilentTelemetry({ now: () => time.now });
const quick = { pollMs: 20, claimedForMs: 60_000, atMost: 200, countEveryMs: 0 };

let database: FreshDatabase;
let postgres: Postgres;
let intake: Intake;
let told: AlertEvent[] = [];
let eventIds: string[] = [];
let isKafkaAway = false;
const offsets = new Map<string, number>();

before(async () => {
  database = await (await testStack()).freshDatabase();
  postgres = createPostgres(database.config, telemetry);
  await postgres.start();
});
after(async () => {
  await postgres.stop(AbortSignal.timeout(5_000));
  await database.drop();
});
beforeEach(async () => {
  await postgres.query(
    'TRUNCATE sync.target_offset, sync.subjects, sync.applied_events, sync.patients, sync.deliveries, sync.outbox, sync.alerts, sync.alert_events, sync.watched_observations',
  );
  told = [];
  eventIds = [];
  offsets.clear();
  isKafkaAway = false;
  time.now = today + 10_000;
  intake = newIntake();
  await startAtZero();
});

function newIntake(): Intake {
  const observer = createAlertObserver(config, { telemetry });
  return createIntake(
    { appliedEventsDays: 0 },
    { postgres, telemetry, target: 'lis', takes: () => false, observers: [observer], onMarked: () => {} },
  );
}
const allTopics = [...topicsOf.lis, topics.deliveries, topics.alerts];
const startAtZero = () =>
  intake.startAt(
    cluster,
    allTopics.map((topic) => ({ topic, partition: 0, logStartOffset: 0, logEndOffset: 1_000 })),
  );

const escalator = (): Escalator =>
  createEscalator(
    config,
    {
      postgres,
      telemetry,
      producer: {
        async publish(event: OutgoingEvent) {
          if (isKafkaAway)
            throw new AppError({ code: 'X', kind: 'retryable', scope: 'dependency', stage: 'publish', message: 'away' });
          told.push(event.value as AlertEvent);
          eventIds.push(event.envelope.eventId);
          return { topic: event.topic, partition: 0, offset: 0 };
        },
      },
    },
    quick,
  );

type Fed = Omit<Placed, 'offset'>;
const result = (change: Partial<ObservationEvent>, eventId?: string): Fed => ({
  topic: topics.observations,
  event: observed('obs-1', change),
  ...(eventId === undefined ? {} : { eventId }),
});
const critical = { abnormalFlag: 'HH', value: { numeric: 7.1, comparator: null, text: null, unit: 'mmol/L' } } as const;
const normal = { abnormalFlag: null, value: { numeric: 4.1, comparator: null, text: null, unit: 'mmol/L' } } as const;

/** One batch, behind what was fed before. */
async function feed(...fed: readonly Fed[]): Promise<void> {
  const records = fed.map((one) => {
    const offset = offsets.get(one.topic) ?? 0;
    offsets.set(one.topic, offset + 1);
    return recordOf({ ...one, offset });
  });
  await intake.apply(records, progressOf(records));
}

async function tell(): Promise<readonly string[]> {
  const before = told.length;
  await escalator().runOnce();
  return told.slice(before).map(({ type, kind, level }) => `${type} ${kind} ${level}`);
}
const later = (minutes: number): void => {
  time.now += minutes * minute;
};
const acknowledgementOf = (alert: AlertEvent | undefined): Fed => {
  assert.ok(alert);
  return { topic: topics.alerts, event: { ...alert, type: 'AlertAcknowledged', by: 'nurse-1', at: time.now } };
};

test('a critical value raises one alert that names ids only; told again, in whatever message, it raises none', async () => {
  await feed(result(critical));
  assert.deepEqual(await tell(), ['AlertRaised critical_value 0']);
  assert.deepEqual(
    { ...told[0], alertId: '' },
    {
      ...{
        type: 'AlertRaised',
        alertId: '',
        patientKey: patient,
        kind: 'critical_value',
        subjectKind: 'observation',
        subjectId: 'obs-1',
      },
      ...{ level: 0, by: null, at: time.now },
    },
  );
  await feed(
    result({ ...critical, sourceVersion: today + 1 }),
    result({ ...critical, status: 'corrected', sourceVersion: today + 2 }),
  );
  assert.deepEqual(await tell(), []);
});

for (const [what, change] of [
  ['a value within limits', normal],
  ['a value beyond normal, not beyond panic limits', { ...critical, abnormalFlag: 'H' }],
  ['a preliminary value', { ...critical, status: 'preliminary' }],
  ['a withdrawn value', { ...critical, status: 'entered_in_error' }],
] as const) {
  test(`${what} raises no alert`, async () => {
    await feed(result(change));
    assert.deepEqual(await tell(), []);
  });
}

test('LL raises one too, and each result its own', async () => {
  await feed(result({ ...critical, abnormalFlag: 'LL' }), { topic: topics.observations, event: observed('obs-2', critical) });
  assert.equal((await tell()).length, 2);
});

test('it is told again one level higher until a person acknowledges it, then never', async () => {
  await feed(result(critical));
  await tell();
  later(14);
  assert.deepEqual(await tell(), []);
  later(1);
  assert.deepEqual(await tell(), ['AlertEscalated critical_value 1']);
  later(60);
  assert.deepEqual(await tell(), ['AlertEscalated critical_value 2'], 'one step, however long nobody looked');
  await feed(acknowledgementOf(told[0]));
  later(600);
  assert.deepEqual(await tell(), []);
});

test('a restart, and any number of instances, escalate each step once', async () => {
  await feed(result(critical));
  later(15);
  await Promise.all(Array.from({ length: 4 }, () => escalator().runOnce()));
  await escalator().runOnce();
  assert.deepEqual(told.map(({ type }) => type).sort(), ['AlertEscalated', 'AlertRaised']);
  assert.equal(new Set(eventIds).size, 2);
});

test('facts 6.5: a correction that is not critical says so; the alert stays open and no longer climbs', async () => {
  await feed(result(critical), result({ ...normal, status: 'corrected', sourceVersion: today + 1 }));
  assert.deepEqual([...(await tell())].sort(), ['AlertRaised critical_value 0', 'AlertSuperseded critical_value 0']);
  later(60);
  assert.deepEqual(await tell(), []);
  const { rows } = await postgres.query('SELECT acknowledged_at, superseded FROM sync.alerts');
  assert.deepEqual(rows, [{ acknowledged_at: null, superseded: true }]);
});

test('a correction to another critical value raises an alert of its own in place of the former', async () => {
  await feed(result(critical));
  await tell();
  const other = {
    ...critical,
    value: { ...critical.value, numeric: 8.2 },
    status: 'corrected',
    sourceVersion: today + 1,
  } as const;
  await feed(result(other));
  assert.deepEqual([...(await tell())].sort(), ['AlertRaised critical_value 0', 'AlertSuperseded critical_value 0']);
  assert.equal(new Set(told.map(({ alertId }) => alertId)).size, 2);
});

test('facts 6.2: an older value that comes late raises nothing, nor does an old message under a newer time', async () => {
  await feed(result(normal, 'first'), result({ ...critical, sourceVersion: today - 1 }));
  assert.deepEqual(await tell(), []);
  await feed(result({ ...critical, status: 'corrected', sourceVersion: today + 1 }, 'second'));
  await feed(result({ ...normal, status: 'corrected', sourceVersion: today + 2 }, 'third'));
  await tell();
  await feed(result({ ...critical, status: 'corrected', sourceVersion: today + 3 }, 'second'));
  assert.deepEqual(await tell(), []);
});

test('a replay of everything raises nothing and escalates nothing', async () => {
  const day = [
    result(critical),
    result({ ...normal, status: 'corrected', sourceVersion: today + 1 }),
    result({ ...critical, status: 'corrected', sourceVersion: today + 2 }),
  ];
  await feed(...day);
  await tell();
  await feed(acknowledgementOf(told[2]));
  await postgres.query('TRUNCATE sync.target_offset, sync.subjects, sync.applied_events');
  offsets.clear();
  intake = newIntake();
  await startAtZero();
  await feed(...day);
  later(60);
  assert.deepEqual(await tell(), []);
});

test('what has stood in the log for days raises nothing', async () => {
  time.now = today + 4 * 24 * 60 * minute;
  await feed(result(critical));
  assert.deepEqual(await tell(), []);
});

test('an acknowledgement that comes before its alert counts', async () => {
  await feed(result(critical));
  await tell();
  const acknowledgement = acknowledgementOf(told[0]);
  await postgres.query(
    'TRUNCATE sync.alerts, sync.alert_events, sync.watched_observations, sync.target_offset, sync.subjects, sync.applied_events',
  );
  offsets.clear();
  intake = newIntake();
  await startAtZero();
  await feed(acknowledgement, result(critical));
  later(60);
  assert.deepEqual(await tell(), []);
});

test('while Kafka is away alerts wait; all are told once it is back, under the same ids', async () => {
  await feed(result(critical));
  isKafkaAway = true;
  for (let tries = 0; tries < 3; tries++) await assert.rejects(escalator().runOnce());
  isKafkaAway = false;
  assert.deepEqual(await tell(), ['AlertRaised critical_value 0']);
  assert.deepEqual(await tell(), []);
});

for (const [type, kind] of [
  ['OrderCancelRefused', 'cancel_refused'],
  ['OrderSpecimenRejected', 'specimen_rejected'],
] as const) {
  test(`facts 6.6: ${type} raises ${kind} once`, async () => {
    const event = ordered('order-1', { type, sourceVersion: today + 1 });
    await feed({ topic: topics.orders, event: ordered('order-1') }, { topic: topics.orders, event, eventId: 'refused' });
    await feed({ topic: topics.orders, event: { ...event, sourceVersion: today + 2 }, eventId: 'refused' });
    assert.deepEqual(await tell(), [`AlertRaised ${kind} 0`]);
    later(15);
    assert.deepEqual(await tell(), [`AlertEscalated ${kind} 1`]);
  });
}

const outcome = (type: DeliveryEvent['type'], revision: number): Fed => ({
  topic: topics.deliveries,
  event: {
    ...{ type, target: 'fhir', subjectKind: 'order', subjectId: 'order-1', patientKey: patient, revision, contentDigest: null },
    ...{
      remoteId: null,
      remoteVersion: null,
      acknowledgement: '422',
      code: 'X',
      attempts: 1,
      subjectVersion: 1,
      changedAt: 1,
      at: 1,
    },
  },
});

test('a delivery that ends with a person raises one alert that waits; once delivered it no longer holds', async () => {
  await feed(outcome('DeliveryNeedsReview', 1), outcome('DeliveryRejected', 2));
  assert.deepEqual(await tell(), ['AlertRaised delivery 0']);
  later(600);
  assert.deepEqual(await tell(), []);
  await feed(outcome('DeliveryDelivered', 3));
  assert.deepEqual(await tell(), ['AlertSuperseded delivery 0']);
  await feed(outcome('DeliveryRejected', 4));
  assert.deepEqual(await tell(), ['AlertRaised delivery 0']);
});

/** The intake with batches of our own making: what a rejoin, a full room, a slow record or a reset log do to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { KafkaMessage } from 'kafkajs';
import { AppError } from '../errors/app-error.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createIntake, type TrackedRecord } from './intake.ts';
import type { FetchedBatch } from './kafka-session.ts';
import { createOffsetTracker, type Lease } from './offset-tracker.ts';
import { createReadingMetrics } from './reading-metrics.ts';
import { createRoom } from './room.ts';
import type { ConsumerLimits } from './types.ts';

const topic = 't';
const message = (offset: number): KafkaMessage => ({
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  timestamp: '5',
  attributes: 0,
  offset: String(offset),
  headers: {},
});
const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);

type More = { readonly startAt?: number; readonly due?: number; readonly refuse?: () => AppError | null };

function setUp(limits: Partial<ConsumerLimits> = {}, more: More = {}) {
  const clock = { now: 1_000 };
  const telemetry = createSilentTelemetry({ now: () => clock.now });
  const offsets = createOffsetTracker();
  const all = { maxRecords: 100, maxBytes: 1_000_000, maxSpan: 1_000, ...limits };
  const room = createRoom(all);
  const accepted: TrackedRecord[] = [];
  const calls: string[] = [];
  const lost: Lease[] = [];
  const fatal: AppError[] = [];
  const { startAt } = more;
  const answer = (leases: readonly Lease[], offset: number): ReadonlyMap<Lease, number> => {
    calls.push('ask');
    const refusal = more.refuse?.();
    if (refusal) throw refusal;
    return new Map(leases.map((lease) => [lease, offset]));
  };
  const intake = createIntake({
    limits: all,
    heartbeatMs: 2,
    dueAt: more.due === undefined ? null : () => more.due ?? 0,
    room,
    offsets,
    metrics: createReadingMetrics(telemetry, 'g', offsets, room),
    log: telemetry.log,
    now: () => clock.now,
    handler: {
      accept: (record) => void accepted.push(record),
      pump: () => {},
      lost: (leases) => void lost.push(...leases),
      fenced: () => {},
      ...(startAt === undefined ? {} : { startAt: async (leases) => answer(leases, more.startAt ?? startAt) }),
    },
    pause: ({ partition }) => void calls.push(`pause ${partition}`),
    resume: ({ partition }) => void calls.push(`resume ${partition}`),
    seek: ({ partition }, offset) => void calls.push(`seek ${partition} ${offset}`),
  });
  const assign = (isContinuous = false) => {
    const change = offsets.assign([{ topic, partition: 0 }], isContinuous);
    intake.assigned(change, new AbortController().signal, (error) => fatal.push(error));
  };
  assign();
  const complete = ({ lease, ticket, bytes }: TrackedRecord): void => {
    lease.tracker.complete(ticket);
    room.give(bytes);
    if (intake.isHeldBack(lease)) intake.freed(lease);
  };
  return { clock, intake, offsets, room, accepted, calls, lost, fatal, assign, complete };
}

function batchOf(numbers: readonly number[], more: Partial<FetchedBatch> = {}) {
  const resolved: number[] = [];
  let heartbeats = 0;
  const batch: FetchedBatch = {
    topic,
    partition: 0,
    fetchedOffset: numbers[0] ?? 0,
    messages: numbers.map(message),
    highWatermark: 1_000,
    resolve: (offset) => void resolved.push(offset),
    heartbeat: async () => {
      heartbeats++;
      return true;
    },
    isStale: () => false,
    ...more,
  };
  return { batch, resolved, heartbeats: () => heartbeats };
}
const offsetsOf = (records: readonly TrackedRecord[]) => records.map(({ offset }) => offset);

test('a rejoin fetches kept partitions again from the commit: what is in hand is not handed over twice', async () => {
  const { intake, accepted, assign } = setUp();
  await intake.batch(batchOf(range(0, 10)).batch);
  assign(true);
  const again = batchOf(range(0, 15));
  await intake.batch(again.batch);
  assert.deepEqual(offsetsOf(accepted), range(0, 15));
  assert.deepEqual(again.resolved, [14]);
});

test('a batch for a partition that is not ours is left alone and not resolved', async () => {
  const { intake, accepted } = setUp();
  const foreign = batchOf([1, 2], { partition: 7 });
  await intake.batch(foreign.batch);
  assert.equal(accepted.length, 0);
  assert.deepEqual(foreign.resolved, []);
});

test('when full it waits, then admits the rest; the fetch position follows what was admitted', async () => {
  const { intake, accepted, complete } = setUp({ maxRecords: 4 });
  const fetched = batchOf(range(0, 6));
  const working = intake.batch(fetched.batch);
  assert.deepEqual(offsetsOf(accepted), [0, 1, 2, 3]);
  assert.deepEqual(fetched.resolved, [3]);
  for (const record of accepted.slice(0, 2)) complete(record);
  await working;
  assert.deepEqual(offsetsOf(accepted), range(0, 6));
  assert.deepEqual(fetched.resolved, [3, 5]);
});

test('there is no background heartbeat: waiting heartbeats, and gives the batch up when the member must rejoin', async () => {
  const { intake, accepted } = setUp({ maxRecords: 2 });
  let asked = 0;
  const fetched = batchOf(range(0, 6), { heartbeat: async () => ++asked < 2 });
  await intake.batch(fetched.batch);
  assert.equal(asked, 2);
  assert.deepEqual(offsetsOf(accepted), [0, 1]);
  assert.deepEqual(fetched.resolved, [1]);
});

test('a record that holds the watermark too long pauses its partition alone; it goes on when the span has shrunk', async () => {
  const { intake, accepted, calls, complete } = setUp({ maxSpan: 4 });
  const fetched = batchOf(range(0, 8));
  await intake.batch(fetched.batch);
  assert.deepEqual(calls, ['pause 0']);
  assert.deepEqual(fetched.resolved, [3]);
  for (const record of accepted.slice(1)) complete(record);
  assert.deepEqual(calls, ['pause 0']);
  complete(accepted[0] as TrackedRecord);
  assert.deepEqual(calls, ['pause 0', 'resume 0']);
  await intake.batch(batchOf(range(4, 8)).batch);
  assert.deepEqual(offsetsOf(accepted), range(0, 8));
});

test('a record that is not due pauses its partition until then', async () => {
  const { intake, accepted, calls, clock } = setUp({}, { due: 5_000 });
  const fetched = batchOf([0]);
  await intake.batch(fetched.batch);
  assert.deepEqual([accepted.length, calls, fetched.resolved], [0, ['pause 0'], []]);
  clock.now = 5_000;
  intake.tick(5_000);
  await intake.batch(fetched.batch);
  assert.deepEqual([accepted.length, calls, fetched.resolved], [1, ['pause 0', 'resume 0'], [0]]);
});

test('goes where the store wants to begin, at once, and again from a fetch that was on its way; a gap that retention ate is taken as it is', async () => {
  const { intake, accepted, calls } = setUp({}, { startAt: 50 });
  const early = batchOf(range(60, 62));
  await intake.batch(early.batch);
  assert.deepEqual([accepted.length, calls, early.resolved], [0, ['ask', 'seek 0 50', 'seek 0 50'], []]);
  await intake.batch(batchOf(range(55, 57)).batch);
  assert.deepEqual(offsetsOf(accepted), [55, 56]);
});

test('a log that was reset under us is read again from its beginning; work of the old one can commit nothing', async () => {
  const { intake, accepted, lost, offsets } = setUp();
  await intake.batch(batchOf(range(100, 103)).batch);
  intake.outOfRange({ topic, partition: 0 });
  await intake.batch(batchOf(range(0, 2)).batch);
  assert.deepEqual(offsetsOf(accepted), [100, 101, 102, 0, 1]);
  assert.equal(lost.length, 1);
  for (const record of accepted.slice(0, 3)) record.lease.tracker.complete(record.ticket);
  assert.deepEqual(offsets.due(), [{ topic, partition: 0, offset: 0 }]);
});

for (const readBefore of [0, 2])
  test(`a log reset under a sink that has read ${readBefore} records since it was assigned: asked again, refused, nothing read or committed`, async () => {
    const otherLog = new AppError({ code: 'OTHER_LOG', kind: 'fatal', stage: 'sink', message: 'too short' });
    let isReset = false;
    const world = setUp({}, { startAt: 500, refuse: () => (isReset ? otherLog : null) });
    const { intake, accepted, calls, fatal, offsets } = world;
    await turn();
    if (readBefore > 0) await intake.batch(batchOf(range(500, 500 + readBefore)).batch);
    const before = accepted.length;
    isReset = true;
    intake.outOfRange({ topic, partition: 0 });
    const first = batchOf(range(0, 3));
    await intake.batch(first.batch);
    await turn();
    const again = intake.batch(batchOf(range(0, 3), { isStale: () => fatal.length > 0 }).batch);
    await again;
    assert.deepEqual([accepted.length - before, first.resolved, offsets.due()], [0, [], []]);
    assert.deepEqual(
      fatal.map(({ code }) => code),
      ['OTHER_LOG'],
    );
    assert.equal(calls.filter((call) => call === 'ask').length, 2);
  });

test('a log reset under a sink whose store was reset too is read from where the store now wants to begin', async () => {
  let wanted = 500;
  const { intake, accepted, offsets } = setUp(
    {},
    {
      get startAt() {
        return wanted;
      },
    },
  );
  await turn();
  wanted = 1;
  intake.outOfRange({ topic, partition: 0 });
  await intake.batch(batchOf(range(0, 3)).batch);
  await turn();
  await intake.batch(batchOf(range(1, 3)).batch);
  assert.deepEqual(offsetsOf(accepted), [1, 2]);
  assert.equal(offsets.lease(topic, 0)?.tracker.next(), 3);
});

test('a fetch from before where the store wants to begin is never taken', async () => {
  const { intake, accepted } = setUp({}, { startAt: 50 });
  await turn();
  for (let i = 0; i < 3; i++) await intake.batch(batchOf(range(10, 12)).batch);
  assert.equal(accepted.length, 0);
  await intake.batch(batchOf(range(50, 52)).batch);
  assert.deepEqual(offsetsOf(accepted), [50, 51]);
});

test('closed: its partitions are paused, those it gains later too, so that kafkajs does not fetch in a circle what nobody takes', () => {
  const { intake, calls, assign } = setUp();
  intake.close();
  intake.close();
  assert.deepEqual(calls, ['pause 0']);
  assign();
  assert.deepEqual(calls, ['pause 0', 'pause 0']);
});

test('closed: nothing more is admitted and a waiting batch returns', async () => {
  const { intake, accepted } = setUp({ maxRecords: 2 });
  const waiting = intake.batch(batchOf(range(0, 6)).batch);
  intake.close();
  await waiting;
  await intake.batch(batchOf(range(2, 6)).batch);
  assert.equal(accepted.length, 2);
});

/** The pipeline with records and a source of our own making: what a fence, a lost partition, an absent dependency and a stop do to it. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Topic } from '@clinstream/contracts';
import { createOffsetTracker } from '../consumer/offset-tracker.ts';
import { createTrackedRecord, type TrackedRecord } from '../consumer/tracked-record.ts';
import { done, type Outcome } from '../consumer/types.ts';
import { runtimeError } from '../errors/classify.ts';
import type { EventProducer, OutgoingRecord } from '../producer/types.ts';
import type { Codecs } from '../registry/types.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createEventPipeline } from './event-pipeline.ts';
import type { EventConsumerOptions, EventContext } from './types.ts';

const topic = 'analysis.requests.stat.v1' as const satisfies Topic;
const away = () => runtimeError('DEPENDENCY_UNAVAILABLE', 'process');

type Handle = (name: string, context: EventContext) => Promise<Outcome>;

function setUp(handle: Handle, attempts = 3, attemptsOf?: () => number) {
  const calls: string[] = [];
  const parked: OutgoingRecord[] = [];
  const ended: string[] = [];
  const offsets = createOffsetTracker();
  const { gained } = offsets.assign(
    [0, 1].map((partition) => ({ topic, partition })),
    false,
  );
  const options: EventConsumerOptions<typeof topic> = {
    group: 'g',
    topics: [topic],
    handle: (_, context) => {
      const name = String(context.record.value);
      calls.push(name);
      return handle(name, context);
    },
    ...(attemptsOf ? { attemptsOf } : {}),
    concurrency: 10,
    handlerTimeoutMs: 60_000,
    retry: { attempts, baseDelayMs: 60_000, maxInPlaceDelayMs: 3_600_000, tiers: false },
    limits: { maxRecords: 100, maxBytes: 1_000_000, maxSpan: 1_000 },
  };
  const producer = { publishRecord: async (record: OutgoingRecord) => void parked.push(record) };
  const pipeline = createEventPipeline(options, {
    codecs: { decode: () => ({}) } as unknown as Codecs,
    producer: producer as unknown as EventProducer,
    telemetry: createSilentTelemetry(),
    onFatal: () => assert.fail('fatal'),
  });
  const source = (name: string) => ({
    done: (record: TrackedRecord) => void ended.push(`${name} done ${record.value}`),
    abandon: (record: TrackedRecord) => void ended.push(`${name} abandoned ${record.value}`),
  });
  const sources = { main: source('main'), retry: source('retry') };
  let offset = 0;
  const accept = (value: string, key = value, partition = 0, from = sources.main): void => {
    const message = { key: Buffer.from(key), value: Buffer.from(value), timestamp: '1', attributes: 0, offset: String(offset++) };
    const lease = gained[partition];
    assert.ok(lease);
    pipeline.accept(createTrackedRecord({ topic, partition }, { ...message, headers: {} }, lease), from);
    pipeline.pump();
  };
  const lose = (partition: number): void => {
    const { lost } = offsets.assign([{ topic, partition: 1 - partition }], true);
    pipeline.lost(lost);
  };
  pipeline.hold(false);
  return { pipeline, sources, accept, lose, calls, ended, parked };
}
type World = ReturnType<typeof setUp>;
const drain = ({ pipeline }: World) => pipeline.drain(AbortSignal.abort());

test('while the retry group is fenced none of its records start, those of the main group do; afterwards they start', async () => {
  const world = setUp(async () => done);
  const { pipeline, sources, accept, calls, ended } = world;
  pipeline.fence(sources.retry, true);
  accept('again', 'a', 0, sources.retry);
  accept('behind', 'a');
  accept('other', 'b');
  await turn();
  assert.deepEqual(calls, ['other']);
  pipeline.fence(sources.retry, false);
  await turn();
  assert.deepEqual(calls, ['other', 'again', 'behind']);
  assert.deepEqual(ended, ['main done other', 'retry done again', 'main done behind']);
  await drain(world);
});

test('a handler that throws at once fails like any other, however many wait', async () => {
  const world = setUp(() => {
    throw new Error('at once');
  });
  const { pipeline, accept, calls } = world;
  pipeline.hold(true);
  for (let i = 0; i < 5_000; i++) accept(`record ${i}`);
  pipeline.hold(false);
  for (let i = 0; i < 10 && calls.length < 5_000; i++) await turn();
  assert.equal(calls.length, 5_000);
  await drain(world);
});

test('work behind a record whose partition is lost while it waits for its next try goes on at once', async () => {
  const world = setUp(async (name) => {
    if (name === 'failing') throw new Error('no');
    return done;
  });
  const { accept, lose, ended } = world;
  accept('failing', 'a', 0);
  await turn();
  accept('behind', 'a', 1);
  await turn();
  assert.deepEqual(ended, []);
  lose(0);
  await turn();
  assert.deepEqual(ended, ['main abandoned failing', 'main done behind']);
  await drain(world);
});

test('ready again when the work that waits for a dependency is lost with its partition', async () => {
  const world = setUp(() => Promise.reject(away()));
  const { pipeline, accept, lose } = world;
  accept('waiting');
  await turn();
  assert.notEqual(pipeline.problem(), null);
  lose(0);
  assert.equal(pipeline.problem(), null);
  await drain(world);
});

test('ready again when the try under way is lost, and not before the last that waits', async () => {
  const running = Promise.withResolvers<Outcome>();
  const world = setUp((name) => (name === 'running' ? running.promise : Promise.reject(away())));
  const { pipeline, accept, lose } = world;
  accept('running', 'a', 0);
  accept('waiting', 'b', 1);
  await turn();
  lose(0);
  running.reject(away());
  await turn();
  assert.notEqual(pipeline.problem(), null, 'the other still waits');
  const { pipeline: second, ...more } = setUp(() => Promise.reject(away()));
  more.accept('waiting', 'b', 0);
  await turn();
  more.lose(0);
  assert.equal(second.problem(), null);
  await drain(world);
  await second.drain(AbortSignal.abort());
});

test('a drain with a failing dependency leaves no timer behind', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  try {
    const handling = Promise.withResolvers<Outcome>();
    const world = setUp(() => handling.promise);
    const armed = mock.method(globalThis, 'setTimeout');
    world.accept('a');
    await turn();
    const draining = world.pipeline.drain(new AbortController().signal);
    const before = armed.mock.callCount();
    handling.reject(away());
    await draining;
    assert.equal(armed.mock.callCount(), before);
    assert.deepEqual(world.ended, ['main abandoned a']);
  } finally {
    mock.reset();
  }
});

test('what the end of a drain cuts off at its last attempt is left for the next member, not parked', async () => {
  const world = setUp(async (_, { signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    throw new Error('cut off');
  }, 1);
  world.accept('a');
  await turn();
  await drain(world);
  assert.deepEqual([world.ended, world.parked], [['main abandoned a'], []]);
});

test('an event may have a number of tries of its own', async () => {
  const world = setUp(
    () => Promise.reject(new Error('no')),
    3,
    () => 1,
  );
  world.accept('a');
  await turn();
  assert.deepEqual([world.calls, world.parked.length, world.ended], [['a'], 1, ['main done a']]);
  await drain(world);
});

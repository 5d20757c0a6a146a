/** The session against a stub of kafkajs: every setting and habit of design 7 that keeps a consumer from losing or repeating. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsumerConfig, ConsumerRunConfig, EachBatchPayload } from 'kafkajs';
import type { KafkaConnection } from '../kafka/types.ts';
import { openSession, type SessionEvents } from './kafka-session.ts';

type Listener = (event: { payload: unknown }) => void;

async function open(overrides: Partial<SessionEvents> = {}) {
  const seen = { config: {} as ConsumerConfig, run: {} as ConsumerRunConfig, subscribe: {} as { fromBeginning?: boolean } };
  const listeners = new Map<string, Listener>();
  const calls: string[] = [];
  const consumer = {
    events: { CRASH: 'crash', GROUP_JOIN: 'join', HEARTBEAT: 'beat', REBALANCING: 'rebalancing' },
    on: (name: string, listener: Listener) => listeners.set(name, listener),
    connect: async () => {},
    subscribe: async (subscription: object) => {
      seen.subscribe = subscription;
    },
    run: async (config: ConsumerRunConfig) => {
      seen.run = config;
    },
    commitOffsets: async () => void calls.push('consumer.commitOffsets'),
    disconnect: async () => void calls.push('disconnect'),
    seek: () => {
      throw new Error('not running');
    },
  };
  const kafka = {
    brokers: [],
    clientId: 'c',
    client: () => ({
      consumer: (config: ConsumerConfig) => {
        seen.config = config;
        return consumer;
      },
    }),
  } as unknown as KafkaConnection;
  const events: SessionEvents = {
    joining: () => calls.push('joining'),
    joined: (assignment) => calls.push(`joined ${assignment.map(({ partition }) => partition).join()}`),
    rebalancing: () => {},
    alive: () => {},
    batch: async () => {},
    outOfRange: () => {},
    ...overrides,
  };
  const session = await openSession({
    kafka,
    group: 'g',
    topics: ['t'],
    maxWaitMs: 100,
    owned: () => [2, 1],
    events,
  });
  return { session, seen, listeners, calls };
}

const payloadOf = (commits: unknown[], heartbeat: () => Promise<void> = async () => {}) =>
  ({
    batch: { topic: 't', partition: 0, fetchedOffset: '5', messages: [], highWatermark: '9' },
    resolveOffset: () => {},
    heartbeat,
    isRunning: () => true,
    isStale: () => false,
    commitOffsetsIfNecessary: async (offsets: unknown) => void commits.push(offsets),
  }) as unknown as EachBatchPayload;

test('fromBeginning, no auto-commit, no auto-resolve, short fetch wait, no restart by kafkajs, no topics made by accident', async () => {
  const { seen } = await open();
  assert.equal(seen.subscribe.fromBeginning, true);
  assert.equal(seen.run.autoCommit, false);
  assert.equal(seen.run.eachBatchAutoResolve, false);
  assert.ok((seen.config.maxWaitTimeInMs ?? 5_000) <= 200);
  assert.equal(seen.config.sessionTimeout, 10_000);
  assert.equal(seen.config.allowAutoTopicCreation, false);
  assert.equal(await seen.config.retry?.restartOnFailure?.(new Error('x')), false);
});

test('a crash ends the session with its reason, for us to judge', async () => {
  const { session, listeners } = await open();
  const error = new Error('crash');
  listeners.get('crash')?.({ payload: { error } });
  assert.equal(await session.ended, error);
});

test('commits are not retried by kafkajs and not swallowed when stopping: they go out with the batch’s generation, once', async () => {
  const { session, seen, calls } = await open();
  await assert.rejects(session.commit([{ topic: 't', partition: 0, offset: 7 }]));
  const commits: unknown[] = [];
  await seen.run.eachBatch?.(payloadOf(commits));
  await session.commit([{ topic: 't', partition: 0, offset: 7 }]);
  assert.deepEqual(commits, [{ topics: [{ topic: 't', partitions: [{ partition: 0, offset: '7' }] }] }]);
  assert.ok(!calls.includes('consumer.commitOffsets'));
});

test('the begin of every join is noticed before the new assignment, so that nothing is committed in between', async () => {
  const { seen, listeners, calls } = await open();
  const [createAssigner] = seen.config.partitionAssigners ?? [];
  const assigner = createAssigner?.({ cluster: {} } as never);
  assigner?.protocol({ topics: ['t'] });
  listeners.get('join')?.({ payload: { memberAssignment: { t: [0, 3] }, memberId: 'm' } });
  assert.deepEqual(calls, ['joining', 'joined 0,3']);
});

test('a refused heartbeat is an answer, not an error inside a batch', async () => {
  const answers: boolean[] = [];
  const { seen } = await open({ batch: async (batch) => void answers.push(await batch.heartbeat()) });
  await seen.run.eachBatch?.(payloadOf([], () => Promise.reject(new Error('REBALANCE_IN_PROGRESS'))));
  await seen.run.eachBatch?.(payloadOf([]));
  assert.deepEqual(answers, [false, true]);
});

test('seeking or pausing a consumer that has just crashed does not throw', async () => {
  const { session } = await open();
  session.seek({ topic: 't', partition: 0 }, 3);
  session.pause([{ topic: 't', partition: 0 }]);
});

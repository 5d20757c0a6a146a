import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AskedTopic, createFetchSession, type SessionRequest } from './fetch-session.ts';
import { installFetchSessions } from './fetch-sessions.ts';

const ask = (topic: string, ...offsets: readonly number[]): AskedTopic => ({
  topic,
  partitions: offsets.map((offset, partition) => ({ partition, fetchOffset: String(offset), maxBytes: 10 })),
});
const named = ({ topics, forgottenTopics }: SessionRequest) => [
  topics.map(({ topic, partitions }) => [topic, ...partitions.map(({ partition }) => partition)]),
  forgottenTopics.map(({ topic, partitions }) => [topic, ...partitions]),
];

test('the first request names everything, later ones what moved, came or went', () => {
  const session = createFetchSession();
  const opening = session.request([ask('a', 0, 0), ask('b', 0)]);
  assert.deepEqual([opening.sessionId, opening.sessionEpoch], [0, 0]);
  assert.deepEqual(named(opening), [
    [
      ['a', 0, 1],
      ['b', 0],
    ],
    [],
  ]);
  session.answered({ errorCode: 0, sessionId: 7 });
  const next = session.request([ask('a', 0, 5), ask('c', 0)]);
  assert.deepEqual([next.sessionId, next.sessionEpoch], [7, 1]);
  assert.deepEqual(named(next), [
    [
      ['a', 1],
      ['c', 0],
    ],
    [['b', 0]],
  ]);
  session.answered({ errorCode: 0, sessionId: 7 });
  const idle = session.request([ask('a', 0, 5), ask('c', 0)]);
  assert.deepEqual([idle.sessionEpoch, ...named(idle)], [2, [], []]);
});

test('a session the broker does not know, and an answer that failed, begin anew with everything', () => {
  for (const harm of ['unknown', 'failed', 'no room'] as const) {
    const session = createFetchSession();
    session.request([ask('a', 1)]);
    session.answered({ errorCode: 0, sessionId: 7 });
    session.request([ask('a', 2)]);
    if (harm === 'failed') session.failed();
    else session.answered(harm === 'unknown' ? { errorCode: 70, sessionId: 0 } : { errorCode: 0, sessionId: 0 });
    const again = session.request([ask('a', 2), ask('b', 0)]);
    assert.deepEqual(
      [again.sessionEpoch, ...named(again)],
      [
        0,
        [
          ['a', 0],
          ['b', 0],
        ],
        [],
      ],
      harm,
    );
    assert.equal(again.sessionId, harm === 'failed' ? 7 : 0, 'a session that may still be there is closed by the new one');
  }
});

test('after any history the broker knows what is asked for', () => {
  const offsets = fc.array(fc.nat(3), { maxLength: 4 });
  const step = fc.record({ a: offsets, b: offsets, fate: fc.constantFrom('ok', 'ok', 'lost', 'failed', 'unknown') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const session = createFetchSession();
      const broker = createBroker();
      for (const { a, b, fate } of steps) {
        const topics = [ask('a', ...a), ask('b', ...b)];
        const request = session.request(topics);
        if (fate === 'lost') {
          session.failed();
          continue;
        }
        if (fate === 'unknown') broker.forget();
        const answer = broker.fetch(request);
        if (answer.errorCode === 0) assert.deepEqual(broker.knows(), flat(topics));
        if (fate === 'failed') session.failed();
        else session.answered(answer);
      }
    }),
  );
});

const flat = (topics: readonly AskedTopic[]) =>
  topics.flatMap(({ topic, partitions }) => partitions.map((one) => `${topic}/${one.partition}@${one.fetchOffset}`)).sort();

/** Keeps sessions as a broker does. */
function createBroker() {
  let id = 0;
  let epoch = 0;
  let known = new Map<string, string>();
  const refusal = ({ sessionId, sessionEpoch }: SessionRequest): number => {
    if (sessionEpoch === 0) return 0;
    if (sessionId !== id || epoch === -1) return 70;
    return sessionEpoch === epoch ? 0 : 71;
  };
  const learn = ({ topics, forgottenTopics }: SessionRequest): void => {
    const named = topics.flatMap(({ topic, partitions }) => partitions.map((one) => [`${topic}/${one.partition}`, one] as const));
    const gone = forgottenTopics.flatMap(({ topic, partitions }) => partitions.map((one) => `${topic}/${one}`));
    for (const [name, { fetchOffset }] of named) known.set(name, fetchOffset);
    for (const name of gone) known.delete(name);
  };
  return {
    forget: () => {
      epoch = -1;
    },
    knows: () => [...known].map(([name, offset]) => `${name}@${offset}`).sort(),
    fetch(request: SessionRequest) {
      const errorCode = refusal(request);
      if (errorCode !== 0) return { errorCode, sessionId: 0 };
      if (request.sessionEpoch === 0) {
        known = new Map();
        id++;
      }
      learn(request);
      epoch = request.sessionEpoch + 1;
      return { errorCode, sessionId: id };
    },
  };
}

test('kafkajs sends what the session asks for, and its own look-up is as before', async () => {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker/index.js') as { prototype: { fetch: unknown } };
  assert.equal(installFetchSessions(), true);
  const { fetch } = prototype;
  assert.equal(installFetchSessions(), true);
  assert.equal(prototype.fetch, fetch, 'installing twice is installing once');
  const sent: Record<string, unknown>[] = [];
  const lookupRequest = () => (options: Record<string, unknown>) => options;
  const connectionPool = {
    send: async (options: Record<string, unknown>) => {
      sent.push(options);
      return { errorCode: 0, sessionId: 9 };
    },
  };
  const broker = Object.assign(Object.create(prototype), { lookupRequest, connectionPool });
  await broker.fetch({ topics: [ask('a', 0, 0)] });
  await broker.fetch({ topics: [ask('a', 3)] });
  assert.deepEqual(
    sent.map(({ sessionId, sessionEpoch, topics, forgottenTopics }) => [
      sessionId,
      sessionEpoch,
      (topics as AskedTopic[]).flatMap(({ partitions }) => partitions).length,
      forgottenTopics,
    ]),
    [
      [0, 0, 2, []],
      [9, 1, 1, [{ topic: 'a', partitions: [1] }]],
    ],
  );
  assert.equal(broker.lookupRequest, lookupRequest);
});

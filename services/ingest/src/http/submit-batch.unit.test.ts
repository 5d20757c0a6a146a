import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LineAnswer, submitBatch } from './submit-batch.ts';
import {
  createFakeLog,
  createFakeStore,
  createTestSubmitter,
  type FakeLog,
  type FakeStore,
  goodBody,
  kafkaUnavailable,
  postgresUnavailable,
} from './test-support.ts';

const caller = { client: 'his', correlationId: 'c', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const limits = { maxLineBytes: 1000, maxLines: 10_000, maxBytes: 10_000_000, maxGroup: 2, maxUnconfirmedGroups: 3 };
const line = (reference: string, over: object = {}): string => JSON.stringify({ reference, ...goodBody, ...over });

async function run(lines: readonly string[], log: FakeLog = createFakeLog(), store: FakeStore = createFakeStore(), over = {}) {
  const answers: LineAnswer[] = [];
  const unexpected: unknown[] = [];
  const deps = {
    analyses: createTestSubmitter(log, store),
    limits: { ...limits, ...over },
    onUnexpected: (error: unknown) => void unexpected.push(error),
  };
  const source = (async function* () {
    yield Buffer.from(`${lines.join('\n')}\n`);
  })();
  await submitBatch(source, caller, deps, (group) => void answers.push(...group), new AbortController().signal);
  return { answers, unexpected, brief: answers.map((answer) => [answer.line, answer.reference, answer.status, codeOf(answer)]) };
}

const codeOf = (answer: LineAnswer): unknown => ('problem' in answer ? answer.problem.code : null);

test('one answer per line, in order; broken lines fail alone', async () => {
  const log = createFakeLog();
  const { brief } = await run(
    [
      line('a'),
      '{"reference":"b"',
      line('c', { inputs: { radius: 1 } }),
      line('d', { priority: 'whenever' }),
      `{"reference":"e","x":"${'x'.repeat(1000)}"}`,
      line('f', { model: 'nope' }),
      JSON.stringify(goodBody),
      line('h'),
    ],
    log,
  );
  assert.deepEqual(brief, [
    [1, 'a', 202, null],
    [2, null, 400, 'MALFORMED_LINE'],
    [3, 'c', 422, 'INVALID_INPUTS'],
    [4, 'd', 400, 'INVALID_REQUEST'],
    [5, null, 400, 'MALFORMED_LINE'],
    [6, 'f', 422, 'UNKNOWN_MODEL'],
    [7, null, 400, 'INVALID_REQUEST'],
    [8, 'h', 202, null],
  ]);
  assert.equal(log.published.length, 2);
});

test('bytes that are no UTF-8 fail their line only', async () => {
  const answers: LineAnswer[] = [];
  const source = (async function* () {
    yield Buffer.concat([Buffer.from('{"reference":"'), Buffer.from([0xff, 0xfe]), Buffer.from(`"}\n${line('ok')}`)]);
  })();
  const deps = { analyses: createTestSubmitter(createFakeLog(), createFakeStore()), limits, onUnexpected: () => assert.fail() };
  await submitBatch(source, caller, deps, (group) => void answers.push(...group), new AbortController().signal);
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [400, 202],
  );
});

test('the same reference with equal content is the same job; with other content it is refused', async () => {
  const log = createFakeLog();
  const { answers } = await run([line('a'), line('a'), line('a', { priority: 'routine' })], log);
  assert.deepEqual(answers.map(codeOf), [null, null, 'IDEMPOTENCY_KEY_REUSED']);
  const [first, second] = answers;
  assert.ok(first && second && 'jobId' in first && 'jobId' in second && first.jobId === second.jobId);
  assert.deepEqual(log.published[0]?.value, log.published[1]?.value);
});

test('a batch sent again publishes the same events', async () => {
  const log = createFakeLog();
  const store = createFakeStore();
  const lines = ['a', 'b', 'c'].map((reference) => line(reference));
  await run(lines, log, store);
  await run(lines, log, store);
  const values = log.published.map((event) => JSON.stringify(event.value));
  assert.deepEqual(values.slice(0, 3), values.slice(3));
});

test('the log goes away in mid-batch: under way is ambiguous, later lines are not handed over, and a repeat completes it', async () => {
  const log = createFakeLog();
  const store = createFakeStore();
  const lines = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((reference) => line(reference));
  log.failNext(null, null, kafkaUnavailable(), kafkaUnavailable());
  const { answers } = await run(lines, log, store);
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [202, 202, 503, 503, 503, 503, 503],
  );
  const maybe = answers.flatMap((answer) => ('problem' in answer ? [answer.problem['mayHaveBeenAccepted']] : []));
  assert.deepEqual(maybe.slice(0, 2), [true, true]);
  assert.equal(maybe.at(-1), false);
  const again = await run(lines, log, store);
  assert.ok(again.answers.every((answer) => answer.status === 202));
  assert.equal(new Set(log.published.map((event) => event.envelope.eventId)).size, lines.length);
});

test('the store fails N-1 groups, then answers: those lines say nothing was accepted', async () => {
  const log = createFakeLog();
  const store = createFakeStore();
  store.failNext(postgresUnavailable(), postgresUnavailable());
  const { brief } = await run(
    ['a', 'b', 'c', 'd', 'e'].map((reference) => line(reference)),
    log,
    store,
  );
  assert.deepEqual(
    brief.map(([, , status]) => status),
    [503, 503, 503, 503, 202],
  );
  assert.equal(brief[0]?.[3], 'POSTGRES_UNAVAILABLE');
  assert.equal(log.published.length, 1);
});

test('a group is one statement, however many lines it has', async () => {
  const store = createFakeStore();
  const lines = Array.from({ length: 100 }, (_, i) => line(`r${i}`));
  await run(lines, createFakeLog(), store, { maxGroup: 50 });
  assert.equal(store.statements(), 2);
});

test('beyond the limit one last answer says where reading stopped', async () => {
  const { brief } = await run([line('a'), line('b'), line('c')], createFakeLog(), createFakeStore(), { maxLines: 2 });
  assert.deepEqual(brief, [
    [1, 'a', 202, null],
    [2, 'b', 202, null],
    [3, null, 413, 'BATCH_TOO_LONG'],
  ]);
});

test('an unforeseen failure is one 500, told once, and the batch goes on', async () => {
  const log = createFakeLog();
  log.failNext(new TypeError('bug'));
  const { brief, unexpected } = await run([line('a'), line('b')], log);
  assert.deepEqual(
    brief.map(([, , status]) => status),
    [500, 202],
  );
  assert.equal(unexpected.length, 1);
});

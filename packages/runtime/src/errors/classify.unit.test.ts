import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from './app-error.ts';
import { backOffDelay, sleep } from './back-off.ts';
import { errorCatalogue } from './catalogue.ts';
import { classify, runtimeError } from './classify.ts';

const foreign = (fields: object): Error => Object.assign(new Error('secret value'), fields);
const codeOf = (error: unknown) => classify(error, 'process').code;

test('classify is total and unknown errors are retryable/message UNCLASSIFIED', () => {
  fc.assert(
    fc.property(fc.anything(), (thing) => {
      const error = classify(thing, 'sink');
      assert.equal(error.stage, 'sink');
      assert.equal(error.kind, 'retryable');
    }),
  );
  assert.equal(codeOf(new TypeError('x')), 'UNCLASSIFIED');
});

test('an AppError keeps its own decision', () => {
  const own = new AppError({ code: 'X', kind: 'ambiguous', stage: 'outbound', message: 'm' });
  assert.equal(classify(own, 'process'), own);
});

test('a foreign message never becomes ours', () => {
  assert.ok(!classify(foreign({ code: 'ECONNREFUSED' }), 'process').message.includes('secret'));
});

test('Kafka and network errors are told apart; a raw Postgres error is no business of ours (postgres/classify-error.ts)', () => {
  assert.equal(codeOf(foreign({ code: 'ECONNREFUSED' })), 'DEPENDENCY_UNAVAILABLE');
  assert.equal(codeOf(foreign({ name: 'KafkaJSConnectionError', code: 'ECONNREFUSED' })), 'KAFKA_UNAVAILABLE');
  assert.equal(codeOf(foreign({ name: 'KafkaJSProtocolError', type: 'TOPIC_AUTHORIZATION_FAILED' })), 'KAFKA_REJECTED');
  assert.equal(codeOf(foreign({ name: 'KafkaJSProtocolError', type: 'MESSAGE_TOO_LARGE' })), 'RECORD_TOO_LARGE');
  for (const code of ['57P01', '40P01', '23514']) assert.equal(codeOf(foreign({ code })), 'UNCLASSIFIED');
  for (const code of Object.keys(errorCatalogue)) assert.ok(!code.startsWith('POSTGRES_'), code);
});

test('what a wrapper wraps decides; a TypeError inside the client is no connection trouble', () => {
  const inner = foreign({ name: 'KafkaJSConnectionError' });
  assert.equal(codeOf(foreign({ name: 'KafkaJSNumberOfRetriesExceeded', cause: inner })), 'KAFKA_UNAVAILABLE');
  assert.equal(codeOf(foreign({ name: 'KafkaJSNonRetriableError', cause: new TypeError('bug') })), 'UNCLASSIFIED');
});

test('every catalogue code makes an error of its own kind', () => {
  for (const code of Object.keys(errorCatalogue) as (keyof typeof errorCatalogue)[]) {
    const error = runtimeError(code, 'process');
    assert.equal(error.kind, errorCatalogue[code].kind);
    assert.equal(error.scope, errorCatalogue[code].scope);
  }
});

test('back-off grows, stays under its maximum and above half of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const delay = backOffDelay({ baseMs: 100, maxMs: 5_000 }, attempt, random);
      const full = Math.min(5_000, 100 * 2 ** Math.min(attempt - 1, 30));
      assert.ok(delay >= Math.floor(full / 2) && delay <= full);
    }),
  );
});

test('sleep ends at once when its signal aborts', async () => {
  const stop = new AbortController();
  const sleeping = sleep(3_600_000, stop.signal);
  stop.abort();
  await sleeping;
  await sleep(3_600_000, stop.signal);
});

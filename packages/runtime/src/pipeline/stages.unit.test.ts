/** The pure stages: retry decision, tiers, parked headers, envelope, gate, timeouts. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { type Envelope, retryTiers } from '@clinstream/contracts';
import fc from 'fast-check';
import type { ConsumedRecord } from '../consumer/types.ts';
import { AppError } from '../errors/app-error.ts';
import { runtimeError } from '../errors/classify.ts';
import { envelopeHeaders } from '../producer/envelope-headers.ts';
import { envelopeOf } from './envelope.ts';
import { retryDueAt } from './exits.ts';
import { createGate } from './gate.ts';
import { deadLetterRecord, retryRecord } from './parked.ts';
import { decideFailure, tierFor } from './retry.ts';
import { createTimeouts, type Run } from './timeouts.ts';
import type { RetryPolicy } from './types.ts';

const policy: RetryPolicy = { attempts: 5, baseDelayMs: 1_000, maxInPlaceDelayMs: 30_000, tiers: true };
const messageError = runtimeError('UNCLASSIFIED', 'process');
const at = { now: 1_000_000, random: 0.5 };
const recordWith = (headers: ConsumedRecord['headers'], more: Partial<ConsumedRecord> = {}): ConsumedRecord => ({
  topic: 'analysis.requests.stat.v1',
  partition: 3,
  offset: 42,
  key: Buffer.from('h|a|1'),
  value: Buffer.from([0, 1, 2]),
  headers,
  timestamp: 5,
  ...more,
});

test('a dependency that is away counts no attempt, however often it failed', () => {
  const error = runtimeError('DEPENDENCY_UNAVAILABLE', 'sink');
  assert.deepEqual(decideFailure(error, 1_000, policy, at), { kind: 'pause' });
});

test('message errors wait in place, then through the retry topic, then park; poison and ambiguous park at once', () => {
  assert.equal(decideFailure(messageError, 1, policy, at).kind, 'wait');
  assert.equal(decideFailure(messageError, 5, policy, at).kind, 'park');
  const late = new AppError({ code: 'BUSY', kind: 'retryable', stage: 'outbound', message: 'm', retryAfterMs: 600_000 });
  const decision = decideFailure(late, 1, policy, at);
  assert.equal(decision.kind, 'retry-topic');
  if (decision.kind === 'retry-topic') {
    assert.equal(decision.tier.name, '5m');
    assert.equal(decision.notBefore, at.now + 600_000);
  }
  assert.equal(decideFailure(late, 1, { ...policy, tiers: false }, at).kind, 'wait');
  for (const kind of ['poison', 'ambiguous'] as const)
    assert.equal(decideFailure(new AppError({ code: 'X', kind, stage: 'process', message: 'm' }), 1, policy, at).kind, 'park');
  assert.equal(decideFailure(runtimeError('KAFKA_REJECTED', 'receive'), 1, policy, at).kind, 'fatal');
});

test('a longer wait passes through tiers, never overshooting by more than the shortest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 * 3_600_000 }), (wait) => {
      let remaining = wait;
      let hops = 0;
      while (remaining > 0 && hops < 200) {
        remaining -= tierFor(remaining).delayMs;
        hops++;
      }
      assert.ok(remaining > -retryTiers[0].delayMs);
    }),
  );
});

test('dead letters carry the original bytes and headers untouched, and no value in a header', () => {
  const record = recordWith({ 'event-id': Buffer.from('e1'), odd: [Buffer.from('x'), Buffer.from('y')] });
  const failure = { error: messageError, attempts: 3, firstFailedAt: 7, now: 9 };
  const parked = deadLetterRecord('sink', record, failure);
  assert.equal(parked.topic, 'sink.dead-letter.v1');
  assert.equal(parked.value, record.value);
  assert.equal(parked.key, record.key);
  assert.deepEqual(
    { ...parked.headers },
    {
      'event-id': Buffer.from('e1'),
      odd: Buffer.from('x'),
      'origin-topic': record.topic,
      'origin-partition': '3',
      'origin-offset': '42',
      'error-code': 'UNCLASSIFIED',
      'error-stage': 'process',
      attempts: '3',
      'first-failed-at': '7',
      'parked-at': '9',
    },
  );
});

test('a record keeps its first origin over any number of retry topics', () => {
  const [tier] = retryTiers;
  const failure = { error: messageError, attempts: 1, firstFailedAt: 7, now: 1_000 };
  const once = retryRecord('g', tier, 90_000, recordWith({}), failure);
  const twice = retryRecord('g', tier, 95_000, recordWith(once.headers, { topic: once.topic, partition: 0, offset: 1 }), {
    ...failure,
    attempts: 2,
  });
  assert.equal(twice.headers['origin-topic'], 'analysis.requests.stat.v1');
  assert.equal(twice.headers['origin-offset'], '42');
  assert.equal(twice.headers['attempt'], '3');
  assert.equal(retryDueAt('g', recordWith(once.headers, { topic: once.topic })), 31_000);
  assert.equal(retryDueAt('g', recordWith({ ...once.headers, 'not-before': '2000' }, { topic: once.topic })), 2_000);
});

test('the envelope survives its headers; a foreign record gets one from its place in the log', () => {
  const envelope: Envelope = {
    eventId: 'e',
    eventType: 'AnalysisRequested',
    occurredAt: 12,
    correlationId: 'c',
    traceparent: '00-a-b-01',
    source: 'ingest',
    attempt: 2,
  };
  for (const one of [envelope, { ...envelope, attempt: 1, traceparent: null }]) {
    const wire = Object.fromEntries(Object.entries(envelopeHeaders(one)).map(([name, value]) => [name, Buffer.from(value)]));
    assert.deepEqual(envelopeOf(recordWith(wire)), one);
  }
  assert.equal(envelopeHeaders({ ...envelope, attempt: 1 })['attempt'], undefined);
  const foreign = envelopeOf(recordWith({ attempt: 'x', 'occurred-at': '' }));
  assert.equal(foreign.eventId, 'analysis.requests.stat.v1:3:42');
  assert.equal(foreign.occurredAt, 5);
  assert.equal(foreign.attempt, 1);
});

test('the gate closes on an absent dependency, probes one at a time and opens when one succeeds', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const changes: boolean[] = [];
    const gate = createGate({
      now: () => 0,
      onOpen: () => {},
      onChange: ({ isOpen }) => changes.push(isOpen),
      backOff: { baseMs: 100, maxMs: 100 },
    });
    assert.equal(gate.limit(50), 0);
    gate.hold(false);
    assert.equal(gate.limit(50), 50);
    const away = runtimeError('DEPENDENCY_UNAVAILABLE', 'sink');
    gate.failed(away);
    gate.failed(away);
    assert.equal(gate.limit(50), 0);
    for (let i = 0; i < 3; i++) {
      mock.timers.tick(100);
      assert.equal(gate.limit(50), 1);
      gate.failed(away);
      assert.equal(gate.limit(50), 0);
    }
    assert.ok(gate.problem());
    mock.timers.tick(100);
    gate.succeeded();
    assert.equal(gate.limit(50), 50);
    assert.equal(gate.problem(), null);
    assert.deepEqual(changes, [false, true]);
    gate.close();
    gate.hold(false);
    assert.equal(gate.limit(50), 0);
  } finally {
    mock.timers.reset();
  }
});

test('a late handler is told to stop, then given up; others are left alone', () => {
  const clock = { now: 0 };
  const told: string[] = [];
  const timeouts = createTimeouts<Run & { name: string }>({
    timeoutMs: 100,
    graceMs: 50,
    now: () => clock.now,
    onLate: ({ name }) => told.push(`late ${name}`),
    onGivenUp: ({ name }) => told.push(`given up ${name}`),
  });
  const run = (name: string) => ({ name, startedAt: 0, isLate: false });
  const [slow, hung, fast] = [run('slow'), run('hung'), run('fast')];
  timeouts.began(slow);
  timeouts.began(hung);
  clock.now = 60;
  timeouts.began(fast);
  clock.now = 100;
  timeouts.sweep();
  timeouts.ended(slow);
  clock.now = 150;
  timeouts.ended(fast);
  timeouts.sweep();
  clock.now = 1_000;
  timeouts.sweep();
  timeouts.stop();
  assert.deepEqual(told, ['late slow', 'late hung', 'given up hung']);
});

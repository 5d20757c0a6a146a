import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Message } from 'kafkajs';
import type { AppError } from '../errors/app-error.ts';
import { runtimeError } from '../errors/classify.ts';
import { createLane, type Outgoing } from './lane.ts';

type Answer = { ok: (base: number) => void; fail: (error: Error) => void; readonly messages: readonly string[] };

function laneWith(limits = { maxBatchRecords: 100, maxBatchBytes: 10_000 }) {
  const sends: Answer[] = [];
  const results = new Map<string, number | string>();
  const retries: string[] = [];
  const stopping = new AbortController();
  const lane = createLane({
    limits,
    now: () => 0,
    stopping: stopping.signal,
    backOff: { baseMs: 1, maxMs: 2 },
    events: { confirmed: () => {}, retrying: (error) => void retries.push(error.code) },
    send: (messages: Message[]) =>
      new Promise((ok, fail) => sends.push({ ok, fail, messages: messages.map(({ value }) => String(value)) })),
  });
  const add = (name: string, { deadline = 1_000, bytes = 10 } = {}): void => {
    const item: Outgoing = {
      message: { value: name },
      bytes,
      deadline,
      settled: false,
      succeed: (offset) => settle(offset),
      fail: (error: AppError) => settle(error.code),
    };
    const settle = (result: number | string): void => {
      if (item.settled) return;
      item.settled = true;
      results.set(name, result);
    };
    lane.add(item);
  };
  const nextSend = async (count: number): Promise<Answer> => {
    while (sends.length < count) await turn();
    return sends[count - 1] as Answer;
  };
  return { lane, sends, results, retries, stopping, add, nextSend };
}

const away = (): AppError => runtimeError('KAFKA_UNAVAILABLE', 'publish');

test('one send under way; what arrives meanwhile is the next batch, in order', async () => {
  const { lane, sends, results, add, nextSend } = laneWith();
  add('a');
  lane.flush();
  add('b');
  add('c');
  lane.flush();
  assert.equal(sends.length, 1);
  sends[0]?.ok(5);
  const second = await nextSend(2);
  assert.deepEqual(second.messages, ['b', 'c']);
  second.ok(6);
  await turn();
  assert.deepEqual(
    [...results],
    [
      ['a', 5],
      ['b', 6],
      ['c', 7],
    ],
  );
  assert.ok(lane.isIdle());
});

test('fails N-1 times then succeeds: the same batch in the same order, later ones wait', async () => {
  const { lane, results, retries, add, nextSend } = laneWith();
  add('a');
  add('b');
  lane.flush();
  add('later');
  for (let i = 1; i <= 3; i++) {
    const send = await nextSend(i);
    assert.deepEqual(send.messages, ['a', 'b']);
    send.fail(away());
  }
  (await nextSend(4)).ok(10);
  const last = await nextSend(5);
  assert.deepEqual(last.messages, ['later']);
  last.ok(12);
  await turn();
  assert.deepEqual(
    [...results],
    [
      ['a', 10],
      ['b', 11],
      ['later', 12],
    ],
  );
  assert.equal(retries.length, 3);
});

test('never succeeds: every record is rejected KAFKA_UNAVAILABLE at its deadline and the lane goes on', async () => {
  const { lane, results, add, nextSend } = laneWith();
  add('old', { deadline: 100 });
  lane.flush();
  add('older queued', { deadline: 100 });
  add('young', { deadline: 5_000 });
  (await nextSend(1)).fail(away());
  const second = await nextSend(2);
  lane.expire(100);
  assert.deepEqual(
    [...results],
    [
      ['old', 'KAFKA_UNAVAILABLE'],
      ['older queued', 'KAFKA_UNAVAILABLE'],
    ],
  );
  second.fail(away());
  const third = await nextSend(3);
  assert.deepEqual(third.messages, ['young']);
  third.ok(1);
  await turn();
  assert.equal(results.get('young'), 1);
});

test('a record past its deadline is still waited for before the next send, because it may yet be appended', async () => {
  const { lane, sends, add } = laneWith();
  add('a', { deadline: 1 });
  lane.flush();
  lane.expire(10);
  add('b');
  lane.flush();
  assert.equal(sends.length, 1);
});

test('one record too large for the broker fails alone', async () => {
  const { lane, results, sends, add, nextSend } = laneWith();
  for (const name of ['a', 'big', 'c']) add(name);
  lane.flush();
  for (let i = 1; !lane.isIdle(); i++) {
    const send = await Promise.race([nextSend(i), turn().then(() => turn())]);
    if (!send) break;
    if (send.messages.includes('big')) send.fail(runtimeError('RECORD_TOO_LARGE', 'publish'));
    else send.ok(i);
    await turn();
  }
  assert.equal(results.get('big'), 'RECORD_TOO_LARGE');
  assert.equal(typeof results.get('a'), 'number');
  assert.equal(typeof results.get('c'), 'number');
  assert.ok((results.get('a') as number) < (results.get('c') as number));
  assert.ok(sends.length >= 4);
});

test('batches stay within records and bytes', async () => {
  const { lane, add, nextSend } = laneWith({ maxBatchRecords: 2, maxBatchBytes: 100 });
  for (const [name, bytes] of [
    ['a', 10],
    ['b', 10],
    ['c', 90],
    ['d', 90],
  ] as const)
    add(name, { bytes });
  lane.flush();
  const batches: (readonly string[])[] = [];
  for (let i = 1; i <= 3; i++) {
    const send = await nextSend(i);
    batches.push(send.messages);
    send.ok(0);
  }
  assert.deepEqual(batches, [['a', 'b'], ['c'], ['d']]);
});

test('stopping: what was handed to the log may be in it, what still waited certainly is not', async () => {
  const { lane, results, add } = laneWith();
  add('sent');
  lane.flush();
  add('queued');
  lane.abandon(runtimeError('PRODUCER_STOPPED', 'publish'));
  assert.deepEqual(
    [...results],
    [
      ['sent', 'KAFKA_UNAVAILABLE'],
      ['queued', 'PRODUCER_STOPPED'],
    ],
  );
});

for (const refusal of ['KAFKA_REJECTED', 'TOPIC_UNKNOWN'] as const)
  test(`a refusal (${refusal}) says that nothing was accepted only when no earlier try is in doubt`, async () => {
    const fresh = laneWith();
    fresh.add('a');
    fresh.lane.flush();
    fresh.stopping.abort();
    (await fresh.nextSend(1)).fail(runtimeError(refusal, 'publish'));
    await turn();
    assert.equal(fresh.results.get('a'), refusal);

    const doubtful = laneWith();
    doubtful.add('a');
    doubtful.lane.flush();
    (await doubtful.nextSend(1)).fail(away());
    const second = await doubtful.nextSend(2);
    doubtful.stopping.abort();
    second.fail(runtimeError(refusal, 'publish'));
    await turn();
    assert.equal(doubtful.results.get('a'), 'KAFKA_UNAVAILABLE');
  });

test('a doubt about a batch stays with its halves', async () => {
  const { lane, results, add, nextSend } = laneWith();
  add('a');
  add('b');
  lane.flush();
  (await nextSend(1)).fail(away());
  (await nextSend(2)).fail(runtimeError('RECORD_TOO_LARGE', 'publish'));
  (await nextSend(3)).fail(runtimeError('KAFKA_REJECTED', 'publish'));
  (await nextSend(4)).ok(0);
  await turn();
  assert.deepEqual(
    [...results],
    [
      ['a', 'KAFKA_UNAVAILABLE'],
      ['b', 0],
    ],
  );
});

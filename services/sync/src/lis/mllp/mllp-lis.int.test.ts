/** The adapter against a laboratory that misbehaves: what leaves, what is believed, and what a repeat does. The peers nobody here wrote: peers.int.test.ts. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { OrderState } from '@clinstream/contracts';
import { frameOf } from '@clinstream/runtime/mllp';
import { waitFor } from '@clinstream/testkit';
import type { Target, Verdict } from '../../delivery/target.ts';
import { cancelWish, type OrderChange, orderOf } from '../../domain/lis/test-support.ts';
import { ack, type Behaviour, type FakeLab, startFakeLab, well } from './testing/fake-lab.ts';
import { createFakeLedger, type FakeLedger } from './testing/fake-ledger.ts';
import { type Changes, targetFor } from './testing/target-under-test.ts';

let lab: FakeLab;
let ledger: FakeLedger;
const targets: Target[] = [];
before(async () => {
  lab = await startFakeLab();
});
after(() => lab.stop());
beforeEach(() => {
  lab.behave(well);
  ledger = createFakeLedger();
});
afterEach(async () => {
  await Promise.all(targets.splice(0).map((one) => one.stop(AbortSignal.timeout(1_000))));
});

const target = (changes?: Changes, port = lab.port): Target => {
  const made = targetFor(port, changes);
  targets.push(made);
  return made;
};

let orders = 0;
/** An order of a patient of its own. */
const fresh = (...changes: readonly OrderChange[]): OrderState => {
  const [first = {}, ...rest] = changes;
  const number = `T${++orders}`;
  return orderOf({ orderId: `order-${number}`, placerNumber: number, patientKey: `HOSP|HIS|${number}`, ...first }, ...rest);
};
const toldOf = (order: OrderState): readonly string[] =>
  lab.received.filter(({ placerNumber }) => placerNumber === order.placerNumber).map(({ control }) => control);
const effectsOf = (order: OrderState, control = 'NW'): number => lab.effects.get(`${control} ${order.placerNumber}`) ?? 0;
const summary = (verdict: Verdict): string => ('code' in verdict ? `${verdict.outcome} ${verdict.code}` : verdict.outcome);

const dedup = { channel: { deduplicates: true } };
const late: Behaviour = ({ number }, { take, say, positive }) => {
  take();
  if (number > 0) setTimeout(() => say(positive), 400);
};
const never: Behaviour = (_, { take }) => take();
const cutAfterEffect: Behaviour = (_, { take, socket }) => {
  take();
  socket.destroy();
};
const cutBeforeEffect: Behaviour = (_, { socket }) => void socket.destroy();

test('an order is placed, delivered once, and nothing more is said while nothing changes', async () => {
  const order = fresh();
  const lis = target();
  const verdict = await ledger.one(lis, order);
  assert.ok(verdict.outcome === 'delivered');
  assert.deepEqual([verdict.sent, verdict.remoteId, verdict.acknowledgement], [true, `F${order.placerNumber}`, 'AA']);
  const again = await ledger.one(lis, order);
  assert.ok(again.outcome === 'delivered');
  assert.deepEqual([again.sent, again.digest], [false, verdict.digest]);
  assert.deepEqual(toldOf(order), ['NW']);
});

test('6.6 placed, amended, cancelled: NW, XO, CA, and the laboratory’s CR cancels the order', async () => {
  const lis = target();
  const order = fresh();
  await ledger.one(lis, order);
  const amended = fresh({ ...same(order) }, { type: 'OrderAmended', priority: 'stat' });
  await ledger.one(lis, amended);
  const wished = fresh({ ...same(order) }, { type: 'OrderAmended', priority: 'stat' }, cancelWish);
  const verdict = await ledger.one(lis, wished);
  assert.deepEqual(toldOf(order), ['NW', 'XO', 'CA']);
  assert.equal(verdict.outcome, 'delivered');
  assert.deepEqual([ledger.after(wished).status, ledger.published.length], ['cancelled', 1]);
  assert.equal(summary(await ledger.one(lis, ledger.after(wished))), 'delivered');
  assert.equal(toldOf(order).length, 3);
});
const same = ({ orderId, placerNumber, patientKey }: OrderState) => ({ orderId, placerNumber, patientKey });

test('6.6 a cancellation before anything was sent sends nothing and cancels at once', async () => {
  const order = fresh({}, cancelWish);
  assert.equal(summary(await ledger.one(target(), order)), 'held LIS_ORDER_CANCELLED');
  assert.deepEqual([toldOf(order), ledger.after(order).status], [[], 'cancelled']);
  assert.equal(summary(await ledger.one(target(), ledger.after(order))), 'held LIS_ORDER_CANCELLED');
});

test('6.6 UC: the order stands, the refusal is an event, and the wish is not repeated', async () => {
  const lis = target();
  const order = fresh();
  await ledger.one(lis, order);
  lab.behave(({ controlId, placerNumber }, { say }) => say(ack('AE', controlId, 'PID|1', `ORC|UC|${placerNumber}^OCS`)));
  const wished = fresh(same(order), cancelWish);
  assert.equal((await ledger.one(lis, wished)).outcome, 'delivered');
  const after = ledger.after(wished);
  assert.deepEqual([after.status, after.cancelRefused], ['active', true]);
  await ledger.one(lis, after);
  assert.deepEqual(toldOf(order), ['NW', 'CA']);
});

test('6.6 OK to a cancellation: taken, not cancelled; no event', async () => {
  const lis = target();
  const order = fresh();
  await ledger.one(lis, order);
  lab.behave(({ controlId, placerNumber }, { say }) => say(ack('AA', controlId, `ORC|OK|${placerNumber}^OCS`)));
  const wished = fresh(same(order), cancelWish);
  assert.equal((await ledger.one(lis, wished)).outcome, 'delivered');
  assert.equal(ledger.published.length, 0);
});

test('6.8 no answer, and no promise to deduplicate: never twice, the order waits for a person, another order goes on', async () => {
  const lis = target();
  const [stuck, other] = [fresh(), fresh()];
  lab.behave(never);
  assert.equal(summary(await ledger.one(lis, stuck)), 'needs_review LIS_OUTCOME_UNKNOWN');
  lab.behave(well);
  assert.equal((await ledger.one(lis, other)).outcome, 'delivered');
  const amended = fresh(same(stuck), { type: 'OrderAmended', note: 'later' });
  assert.equal(summary(await ledger.one(lis, amended)), 'needs_review LIS_OUTCOME_UNKNOWN');
  assert.deepEqual([toldOf(stuck), effectsOf(stuck)], [['NW'], 1]);
});

test('6.8 a person asks: the very same bytes go again, then what has changed since', async () => {
  const lis = target();
  const order = fresh();
  lab.behave(cutBeforeEffect);
  assert.equal(summary(await ledger.one(lis, order)), 'needs_review LIS_OUTCOME_UNKNOWN');
  lab.behave(well);
  await waitFor(
    () =>
      ledger.one(lis, fresh(same(order), { type: 'OrderAmended', note: 'later' }), { force: true }).then(
        (v) => v.outcome === 'delivered',
        () => false,
      ),
    { deadlineMs: 5_000, what: 'delivered' },
  );
  const [first, second] = lab.received.filter(({ placerNumber }) => placerNumber === order.placerNumber);
  assert.deepEqual(first?.bytes, second?.bytes);
  assert.deepEqual([toldOf(order), effectsOf(order)], [['NW', 'NW', 'XO'], 1]);
});

test('6.8 results prove that the unanswered order arrived', async () => {
  const lis = target();
  const order = fresh();
  lab.behave(never);
  await ledger.one(lis, order);
  const observations = [{ status: 'preliminary' }] as never;
  const verdict = await ledger.one(lis, order, { related: { observations } });
  assert.ok(verdict.outcome === 'delivered');
  assert.deepEqual([verdict.sent, toldOf(order)], [false, ['NW']]);
});

for (const [what, behaviour] of [
  ['never', never],
  ['late', late],
  ['cut after the effect', cutAfterEffect],
  ['cut before the effect', cutBeforeEffect],
] as const) {
  test(`6.8 answered ${what} N−1 times, by a laboratory that deduplicates: identical bytes until it answers, one effect`, async () => {
    const own = await startFakeLab(undefined, { deduplicates: true });
    try {
      const lis = target({ ...dedup, client: { replyTimeoutMs: 100 } }, own.port);
      const order = fresh();
      own.behave((message, answering) => (message.number < 4 ? behaviour : well)(message, answering));
      let verdict: Verdict = { outcome: 'held', code: '' };
      const ask = async (): Promise<boolean> => {
        verdict = await ledger.one(lis, order).catch((): Verdict => ({ outcome: 'held', code: 'away' }));
        return verdict.outcome === 'delivered';
      };
      await waitFor(ask, { deadlineMs: 10_000, what: 'delivered' });
      assert.equal(own.received.length, 4);
      assert.equal(new Set(own.received.map(({ bytes }) => bytes.toString('base64'))).size, 1);
      assert.equal(own.effects.get(`NW ${order.placerNumber}`), 1);
    } finally {
      await own.stop();
    }
  });
}

test('4.3 a late answer never pairs with the next message: the time-out dropped its connection', async () => {
  const lis = target();
  const [slow, next] = [fresh(), fresh()];
  lab.behave(late);
  assert.equal(summary(await ledger.one(lis, slow)), 'needs_review LIS_OUTCOME_UNKNOWN');
  const connections = lab.connections();
  lab.behave(({ controlId, placerNumber }, { say, take }) => {
    take();
    say(ack('AA', controlId, `ORC|OK|${placerNumber}^OCS|OWN`));
  });
  const verdict = await waitForVerdict(lis, next);
  assert.ok(verdict.outcome === 'delivered');
  assert.equal(verdict.remoteId, 'OWN');
  assert.equal(lab.connections(), connections + 1);
});

/** After a lost answer on a fresh connection the next dial waits a moment. */
async function waitForVerdict(lis: Target, order: OrderState): Promise<Verdict> {
  let verdict: Verdict | null = null;
  const ask = async (): Promise<boolean> => {
    verdict = await ledger.one(lis, order).catch(() => null);
    return verdict !== null;
  };
  await waitFor(ask, { deadlineMs: 5_000, what: 'a verdict' });
  return verdict ?? { outcome: 'held', code: 'none' };
}

test('4.3 answered twice, and with another message’s MSA-2 first: each message gets its own answer', async () => {
  const lis = target();
  lab.behave(({ controlId, placerNumber }, { take, say }) => {
    take();
    say(ack('AE', 'ANOTHER'));
    say(ack('AA', controlId, `ORC|OK|${placerNumber}^OCS|${placerNumber}`));
    say(ack('AR', controlId));
  });
  for (const order of [fresh(), fresh(), fresh()]) {
    const verdict = await ledger.one(lis, order);
    assert.ok(verdict.outcome === 'delivered', summary(verdict));
    assert.equal(verdict.remoteId, order.placerNumber);
  }
});

test('4.3 an answer only with another MSA-2 is none', async () => {
  lab.behave((_, { take, say }) => {
    take();
    say(ack('AA', 'ANOTHER'));
  });
  const order = fresh();
  assert.equal(summary(await ledger.one(target(), order)), 'needs_review LIS_OUTCOME_UNKNOWN');
  assert.equal(effectsOf(order), 1);
});

test('4.3 an answer byte by byte, and two in one chunk', async () => {
  lab.behave(({ number }, { take, socket, positive }) => {
    take();
    const bytes = frameOf(Buffer.from(positive));
    if (number % 2 === 0) socket.write(Buffer.concat([bytes, bytes]));
    else bytes.forEach((byte, i) => void setTimeout(() => socket.write(Buffer.of(byte)), Math.floor(i / 8)));
  });
  const lis = target();
  for (const order of [fresh(), fresh(), fresh(), fresh()]) assert.equal((await ledger.one(lis, order)).outcome, 'delivered');
});

test('6.1 turned away for now N−1 times, then taken: one order, the same message each time', async () => {
  const lis = target();
  const order = fresh();
  let turns = 0;
  lab.behave(({ controlId }, { take, say, positive }) => {
    if (++turns < 4) return say(ack('AE', controlId, 'ERR|||207^Application internal error^HL70357|E'));
    take();
    say(positive);
  });
  for (let i = 0; i < 3; i++) assert.equal(summary(await ledger.one(lis, order)), 'retry LIS_NOT_NOW');
  assert.equal((await ledger.one(lis, order)).outcome, 'delivered');
  assert.equal(effectsOf(order), 1);
  assert.equal(new Set(lab.received.slice(-4).map(({ bytes }) => bytes.toString('base64'))).size, 1);
});

test('6.1 turned away for ever: every try is a bounded retry, and nothing is taken for delivered', async () => {
  lab.behave(({ controlId }, { say }) => say(ack('CE', controlId)));
  const order = fresh();
  const lis = target();
  for (let i = 0; i < 6; i++) assert.equal(summary(await ledger.one(lis, order)), 'retry LIS_NOT_NOW');
});

test('6.1 refused for good: not sent again by itself, again when it changes or a person asks', async () => {
  const lis = target();
  const order = fresh();
  lab.behave(({ controlId }, { say }) =>
    say(ack('AE', controlId, 'ERR||OBR^1^4|103^Table value not found^HL70357|E||||no such test for Kim')),
  );
  const verdict = await ledger.one(lis, order);
  assert.ok(verdict.outcome === 'rejected');
  assert.deepEqual(
    [verdict.code, verdict.acknowledgement, verdict.detail],
    ['LIS_REFUSED_MESSAGE', 'AE', { meaning: 'park', conditions: [103], orders: [] }],
  );
  assert.equal(summary(await ledger.one(lis, order)), 'rejected LIS_REFUSED_MESSAGE');
  assert.deepEqual(toldOf(order), ['NW']);
  lab.behave(well);
  assert.equal((await ledger.one(lis, order, { force: true })).outcome, 'delivered');
  const ids = lab.received.filter(({ placerNumber }) => placerNumber === order.placerNumber).map(({ controlId }) => controlId);
  assert.equal(new Set(ids).size, 2);
});

test('6.7 205 to the first sending: somebody else has our number', async () => {
  lab.behave(({ controlId }, { say }) => say(ack('AE', controlId, 'ERR|||205^Duplicate key identifier^HL70357|E')));
  assert.equal(summary(await ledger.one(target(), fresh())), 'needs_review LIS_ORDER_NUMBER_TAKEN');
});

test('6.7 205 to a repeat: the laboratory has our order', async () => {
  const lis = target(dedup);
  const order = fresh();
  lab.behave(never);
  assert.equal(summary(await ledger.one(lis, order)), 'retry LIS_NO_ANSWER');
  lab.behave(({ controlId }, { say }) => say(ack('AE', controlId, 'ERR|||205^Duplicate key identifier^HL70357|E')));
  assert.equal((await waitForVerdict(lis, order)).outcome, 'delivered');
});

test('6.1 enhanced mode: CA, then the application’s answer; and CA alone where no other comes', async () => {
  const lis = target({ channel: { acknowledgement: 'both' } });
  const wished = fresh({}, cancelWish);
  const order = fresh(same(wished));
  lab.behave(({ controlId }, { take, say, positive }) => {
    take();
    say(ack('CA', controlId));
    setTimeout(() => say(positive), 20);
  });
  const verdict = await ledger.one(lis, order);
  assert.ok(verdict.outcome === 'delivered');
  assert.deepEqual([verdict.acknowledgement, verdict.remoteId], ['AA', `F${order.placerNumber}`]);
  lab.behave(({ controlId }, { take, say }) => {
    take();
    say(ack('CA', controlId));
  });
  const committed = await ledger.one(lis, wished);
  assert.ok(committed.outcome === 'delivered');
  assert.deepEqual([committed.acknowledgement, ledger.after(wished).status], ['CA', 'cancel_requested']);
});

test('6.1 asked for one answer of the application, told CA: taken', async () => {
  lab.behave(({ controlId }, { say }) => say(ack('CA', controlId)));
  assert.equal((await ledger.one(target(), fresh())).outcome, 'delivered');
});

test('6.16 an answer from a test system is never believed', async () => {
  lab.behave(({ controlId }, { say }) => say(ack('AA', controlId).replace('|P|2.5.1', '|T|2.5.1')));
  assert.equal(summary(await ledger.one(target(), fresh())), 'needs_review LIS_ANSWER_OTHER_ENVIRONMENT');
});

test('6.13 what the character set cannot say is not sent', async () => {
  const order = fresh({ note: '똠' });
  assert.equal(summary(await ledger.one(target({ charset: 'KS X 1001' }), order)), 'needs_review LIS_TEXT_NOT_ENCODABLE');
  assert.deepEqual(toldOf(order), []);
});

test('the laboratory is away: nothing is noted as sent, the error says dependency, and after its return the order goes out once', async () => {
  const away = await startFakeLab();
  await away.stop();
  const lis = target({}, away.port);
  const order = fresh();
  await assert.rejects(ledger.one(lis, order), { code: 'LIS_UNREACHABLE', scope: 'dependency', kind: 'retryable' });
  await assert.rejects(lis.probe(AbortSignal.timeout(1_000)), { code: 'LIS_UNREACHABLE' });
  const back = await startFakeLab(well, { port: away.port });
  try {
    await lis.probe(AbortSignal.timeout(1_000));
    assert.equal((await ledger.one(lis, order)).outcome, 'delivered');
    assert.equal(back.effects.get(`NW ${order.placerNumber}`), 1);
  } finally {
    await back.stop();
  }
});

test('a peer that takes connections and drops them costs one message, not a stream of them', async () => {
  const lis = target();
  lab.behave(cutBeforeEffect);
  assert.equal(summary(await ledger.one(lis, fresh())), 'needs_review LIS_OUTCOME_UNKNOWN');
  await assert.rejects(ledger.one(lis, fresh()), { code: 'LIS_UNREACHABLE' });
});

test('a peer that closes after each answer is met with a connection for each message', async () => {
  const lis = target();
  lab.behave((message, answering) => {
    well(message, answering);
    answering.socket.end();
  });
  const before = lab.connections();
  for (let i = 0; i < 5; i++) {
    const verdict = await waitForVerdict(lis, fresh());
    // The first close may come under the second message: then that one waits for a person, and no other.
    if (i !== 1) assert.equal(verdict.outcome, 'delivered');
  }
  assert.ok(lab.connections() - before >= 4);
});

test('told so, each message has a connection of its own', async () => {
  const lis = target({ client: { connection: 'each' } });
  const before = lab.connections();
  for (const order of [fresh(), fresh(), fresh()]) assert.equal((await ledger.one(lis, order)).outcome, 'delivered');
  assert.equal(lab.connections() - before, 3);
});

test('a crash after the answer and before the verdict: not sent again where repeats are not taken once', async () => {
  const lis = target();
  const order = fresh();
  await ledger.one(lis, order, { crash: true });
  assert.equal(summary(await ledger.one(lis, order)), 'needs_review LIS_OUTCOME_UNKNOWN');
  assert.equal(effectsOf(order), 1);
});

test('the log is away when the laboratory cancels: the answer is kept, the event follows, nothing is sent again', async () => {
  const lis = target();
  const order = fresh();
  await ledger.one(lis, order);
  const wished = fresh(same(order), cancelWish);
  ledger.failNext('publish', new Error('away'));
  await assert.rejects(ledger.one(lis, wished), /away/);
  assert.equal((await ledger.one(lis, wished)).outcome, 'delivered');
  assert.deepEqual([toldOf(order), ledger.after(wished).status], [['NW', 'CA'], 'cancelled']);
});

test('of several orders one without answer holds itself; verdicts already given are kept when the laboratory goes away', async () => {
  const lis = target();
  const patientKey = 'HOSP|HIS|many';
  const [a, b, c] = [fresh({ patientKey }), fresh({ patientKey }), fresh({ patientKey })];
  lab.behave((message, answering) => {
    if (message.placerNumber === b.placerNumber) never(message, answering);
    else well(message, answering);
  });
  const verdicts = await ledger.deliver(lis, [a, b, c]);
  assert.deepEqual(verdicts.slice(0, 2).map(summary), ['delivered', 'needs_review LIS_OUTCOME_UNKNOWN']);
  assert.ok(['delivered', 'retry'].includes(verdicts[2]?.outcome ?? ''));
  await waitFor(async () => (await ledger.one(lis, c)).outcome === 'delivered', { deadlineMs: 5_000, what: 'c delivered' });
  assert.deepEqual([effectsOf(a), effectsOf(b), effectsOf(c)], [1, 1, 1]);
});

test('stop waits for the answer in flight, and at its deadline cuts', async () => {
  const lis = target({ client: { replyTimeoutMs: 10_000 } });
  lab.behave((message, answering) => void setTimeout(() => well(message, answering), 50));
  const verdict = ledger.one(lis, fresh());
  await waitFor(() => lab.received.length > 0, { deadlineMs: 1_000, what: 'sent' });
  await lis.stop(AbortSignal.timeout(5_000));
  assert.equal((await verdict).outcome, 'delivered');
  const stuck = target({ client: { replyTimeoutMs: 10_000 } });
  lab.behave(never);
  const count = lab.received.length;
  const cut = ledger.one(stuck, fresh());
  await waitFor(() => lab.received.length > count, { deadlineMs: 1_000, what: 'sent' });
  await stuck.stop(AbortSignal.timeout(20));
  assert.equal(summary(await cut), 'retry LIS_INTERRUPTED');
});

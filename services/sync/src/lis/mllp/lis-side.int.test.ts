/** The laboratory's side as it runs, on a real Postgres: a laboratory that is late, silent, double or foreign makes no order double and holds no other. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { waitFor } from '@clinstream/testkit';
import { onOrders, ordered, today } from '../../../test/events.ts';
import { type LisSide, lisSide } from '../../../test/lis-side.ts';
import type { OrderChange } from '../../domain/lis/test-support.ts';
import { ack, type Behaviour, type FakeLab, startFakeLab, well } from './testing/fake-lab.ts';
import { targetFor } from './testing/target-under-test.ts';

let side: LisSide;
let lab: FakeLab;
beforeEach(async () => {
  side = await lisSide();
});
afterEach(async () => {
  await side?.end();
  await lab?.stop();
});

const order = (name: string, change: OrderChange = {}) =>
  onOrders(0, ordered(name, { placerNumber: name, placerAuthority: 'HOSP|OCS', patientKey: `HOSP|HIS|${name}`, ...change }));
const settled = () =>
  waitFor(async () => (await side.rows('SELECT 1 FROM sync.deliveries WHERE waiting LIMIT 1')).length === 0, {
    what: 'nothing waits',
    deadlineMs: 30_000,
  });

const faults: readonly Behaviour[] = [
  (_, { take }) => take(),
  (_, { take, say, positive }) => {
    take();
    setTimeout(() => say(positive), 400);
  },
  (_, { take, say, positive }) => {
    take();
    say(positive);
    say(positive);
  },
  (_, { take, say }) => {
    take();
    say(ack('AA', 'ANOTHER'));
  },
  (_, { take, socket }) => {
    take();
    socket.destroy();
  },
];
/** By number of the order: every second one goes well, the others meet one fault each, in turn. */
const faultOf = (placer: string): number =>
  Number(placer.slice(1)) % 2 === 0 ? -1 : (Number(placer.slice(1)) >> 1) % faults.length;
const names = Array.from({ length: 20 }, (_, i) => `N${i}`);

test('late, twice, never, another MSA-2, cut after the effect: no order twice, and only those without an answer wait for a person', {
  timeout: 60_000,
}, async () => {
  lab = await startFakeLab((message, answering) => (faults[faultOf(message.placerNumber)] ?? well)(message, answering));
  await side.instance(targetFor(lab.port, { client: { lanes: 4, replyTimeoutMs: 150 } }));
  await side.feed(...names.map((name) => order(name)));
  await settled();
  for (const name of names) {
    const isAnswered = faultOf(name) < 0 || faultOf(name) === 2;
    assert.equal(await side.outcomeOf(name), isAnswered ? 'delivered' : 'needs_review LIS_OUTCOME_UNKNOWN', name);
    assert.equal(lab.effects.get(`NW ${name}`), 1, name);
  }
  assert.equal(lab.received.length, names.length);
});

test('the same with a laboratory that takes repeats once: every order arrives by itself, once', { timeout: 60_000 }, async () => {
  const tries = new Map<string, number>();
  lab = await startFakeLab(
    (message, answering) => {
      const { placerNumber } = message;
      tries.set(placerNumber, (tries.get(placerNumber) ?? 0) + 1);
      const isSpoilt = (tries.get(placerNumber) ?? 0) < 3;
      ((isSpoilt ? faults[faultOf(placerNumber)] : undefined) ?? well)(message, answering);
    },
    { deduplicates: true },
  );
  const changes = { client: { lanes: 4, replyTimeoutMs: 150 }, channel: { deduplicates: true } };
  await side.instance(targetFor(lab.port, changes));
  await side.feed(...names.map((name) => order(name)));
  await settled();
  for (const name of names) {
    assert.equal(await side.outcomeOf(name), 'delivered', name);
    assert.equal(lab.effects.get(`NW ${name}`), 1, name);
  }
});

test('a person redelivers what had no answer; amended meanwhile, it is sent as it was and then amended', {
  timeout: 30_000,
}, async () => {
  lab = await startFakeLab((_, { socket }) => socket.destroy());
  await side.instance(targetFor(lab.port));
  await side.feed(order('R1'));
  await settled();
  assert.equal(await side.outcomeOf('R1'), 'needs_review LIS_OUTCOME_UNKNOWN');
  lab.behave(well);
  await side.feed(order('R1', { type: 'OrderAmended', sourceVersion: today + 1, note: 'later' }));
  await settled();
  assert.equal(await side.outcomeOf('R1'), 'needs_review LIS_OUTCOME_UNKNOWN');
  await side.redeliver('R1');
  await settled();
  assert.equal(await side.outcomeOf('R1'), 'delivered');
  assert.deepEqual(
    lab.received.map(({ control }) => control),
    ['NW', 'NW', 'XO'],
  );
  assert.deepEqual(lab.received[0]?.bytes, lab.received[1]?.bytes);
});

test('an instance dies while it waits for an answer: the next one asks only where it may', { timeout: 30_000 }, async () => {
  lab = await startFakeLab((_, { take }) => take());
  const dying = await side.instance(targetFor(lab.port, { client: { replyTimeoutMs: 20_000 } }), { drainMs: 0 });
  await side.feed(order('D1'));
  await waitFor(() => lab.received.length === 1, { what: 'sent', deadlineMs: 10_000 });
  await dying.stop();
  lab.behave(well);
  await side.instance(targetFor(lab.port));
  await settled();
  assert.equal(await side.outcomeOf('D1'), 'needs_review LIS_OUTCOME_UNKNOWN');
  assert.equal(lab.received.length, 1);
});

test('6.6 cancelled by the laboratory: its answer becomes an event, taken in again, and nothing is left to say', {
  timeout: 30_000,
}, async () => {
  lab = await startFakeLab();
  await side.instance(targetFor(lab.port));
  await side.feed(order('C1'));
  await settled();
  await side.feed(order('C1', { type: 'OrderCancelRequested', sourceVersion: today + 1 }));
  const isCancelled = async () =>
    (await side.rows("SELECT 1 FROM sync.subjects WHERE id = 'C1' AND state->>'status' = 'cancelled'")).length === 1;
  await waitFor(isCancelled, { what: 'the order is cancelled', deadlineMs: 10_000 });
  await settled();
  assert.equal(await side.outcomeOf('C1'), 'delivered');
  assert.deepEqual(
    lab.received.map(({ control }) => control),
    ['NW', 'CA'],
  );
});

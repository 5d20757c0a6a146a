/** The adapter against receivers nobody here wrote: HAPI HL7v2 (Java, strict), and PyPI `hl7` and `hl7apy`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { OrderState } from '@clinstream/contracts';
import { waitFor } from '@clinstream/testkit';
import { type HapiReceiver, startHapiHl7Receiver } from '../../../../../test/peers/hapi-hl7.ts';
import { pythonPeer } from '../../../../../test/peers/python.ts';
import { startPythonHl7Receiver } from '../../../../../test/peers/python-hl7.ts';
import type { Target } from '../../delivery/target.ts';
import { cancelWish, type OrderChange, orderOf } from '../../domain/lis/test-support.ts';
import { createFakeLedger, type FakeLedger, patientNamed } from './testing/fake-ledger.ts';
import { type Changes, targetFor } from './testing/target-under-test.ts';

const amended: OrderChange = { type: 'OrderAmended', priority: 'stat', note: 'fasting\nsince | midnight' };
const full: OrderChange = {
  code: { code: '2345-7', system: 'http://loinc.org', display: 'Glucose' },
  specimen: { id: 'S1', code: { code: 'SER', system: 'HL70487', display: 'Serum' }, collectedAt: '2026-11-22T13:00:30+09:00' },
  orderingProvider: { id: 'D7', authority: 'HIS' },
};
const related = { patient: patientNamed('김') };
const numbered = (number: string, ...changes: readonly OrderChange[]): OrderState => {
  const [first = {}, ...rest] = changes;
  return orderOf({ orderId: `order-${number}`, placerNumber: number, ...first }, ...rest);
};

/** Placed, amended, cancelled: how each ended, and the order after it. */
async function live(lis: Target, ledger: FakeLedger, number: string): Promise<readonly string[]> {
  const steps = [numbered(number, full), numbered(number, full, amended), numbered(number, full, amended, cancelWish)];
  const outcomes: string[] = [];
  for (const order of steps) {
    const verdict = await ledger.one(lis, order, { related });
    outcomes.push(`${verdict.outcome} ${'remoteId' in verdict ? verdict.remoteId : verdict.code} ${ledger.after(order).status}`);
  }
  return outcomes;
}

async function withTarget(
  port: number,
  changes: Changes,
  use: (lis: Target, ledger: FakeLedger) => Promise<void>,
): Promise<void> {
  const lis = targetFor(port, { ...changes, client: { replyTimeoutMs: 20_000, ...changes.client } });
  try {
    await use(lis, createFakeLedger());
  } finally {
    await lis.stop(AbortSignal.timeout(2_000));
  }
}

let hapi: HapiReceiver;
before(async () => {
  hapi = await startHapiHl7Receiver();
});
after(() => hapi.stop());

test('HAPI reads NW, XO and CA strictly, and its answers are understood', { timeout: 60_000 }, async () => {
  await withTarget(hapi.port, {}, async (lis, ledger) => {
    assert.deepEqual(await live(lis, ledger, 'H1'), ['delivered FH1 active', 'delivered FH1 active', 'delivered FH1 cancelled']);
    const records = hapi.records.filter((record) => record.text.includes('H1^OCS'));
    assert.deepEqual(
      records.map((record) => (record.kind === 'received' ? record.orders : record.why)),
      [
        [{ control: 'NW', placer: 'H1', filler: '', code: '2345-7', priority: 'R' }],
        [{ control: 'XO', placer: 'H1', filler: 'FH1', code: '2345-7', priority: 'S' }],
        [{ control: 'CA', placer: 'H1', filler: 'FH1', code: '2345-7', priority: '' }],
      ],
    );
    assert.match(
      records[1]?.text ?? '',
      /PID\|1\|\|4711\^\^\^HIS\^PI\^HOSP\|\|김.*NTE\|1\|P\|fasting\\\.br\\since \\F\\ midnight.*SPM\|1\|S1/s,
    );
  });
});

test('6.13 HAPI reads Korean in KS X 1001', { timeout: 30_000 }, async () => {
  await withTarget(hapi.port, { charset: 'KS X 1001' }, async (lis, ledger) => {
    const verdict = await ledger.one(lis, numbered('H2', { note: '공복' }), { related });
    assert.equal(verdict.outcome, 'delivered', JSON.stringify(verdict));
    const record = hapi.records.find(({ text }) => text.includes('H2^OCS'));
    assert.match(record?.text ?? '', /KS X 1001.*김.*공복/s);
  });
});

test('6.9 every priority, as HAPI reads it; urgent with its local segment, which only a peer that agreed to it takes', {
  timeout: 30_000,
}, async () => {
  await withTarget(hapi.port, {}, async (lis, ledger) => {
    for (const [priority, code] of [
      ['stat', 'S'],
      ['asap', 'A'],
      ['routine', 'R'],
    ] as const) {
      const verdict = await ledger.one(lis, numbered(`HP${priority}`, { priority }));
      assert.equal(verdict.outcome, 'delivered', JSON.stringify(verdict));
      const record = hapi.records.find(({ text }) => text.includes(`HP${priority}^OCS`));
      assert.equal(record?.kind === 'received' && record.orders[0]?.priority, code);
    }
    // Whatever HAPI calls it (207), a message it cannot place is not delivered.
    const urgent = await ledger.one(lis, numbered('HPurgent', { priority: 'urgent' }));
    assert.ok(urgent.outcome === 'retry');
    assert.equal(urgent.code, 'LIS_NOT_NOW');
  });
});

test('6.7 HAPI says that it knows the number: the first sending waits for a person', { timeout: 60_000 }, async () => {
  const refusing = await startHapiHl7Receiver({ reply: 'refuse' });
  try {
    await withTarget(refusing.port, {}, async (lis, ledger) => {
      const verdict = await ledger.one(lis, numbered('H3'));
      assert.ok(verdict.outcome === 'needs_review');
      assert.deepEqual([verdict.code, verdict.acknowledgement], ['LIS_ORDER_NUMBER_TAKEN', 'AE']);
    });
  } finally {
    await refusing.stop();
  }
});

const python = pythonPeer();
const skip = python.missing ?? false;

test('python-hl7 acknowledges: each message has its answer; a plain ACK cancels nothing', { skip, timeout: 60_000 }, async () => {
  const peer = await startPythonHl7Receiver(python, 'hl7');
  try {
    await withTarget(peer.port, {}, async (lis, ledger) => {
      assert.deepEqual(await live(lis, ledger, 'P1'), [
        'delivered null active',
        'delivered null active',
        'delivered null cancel_requested',
      ]);
      assert.deepEqual([peer.records.length, ledger.published.length], [3, 0]);
    });
  } finally {
    await peer.stop();
  }
});

for (const deduplicates of [true, false]) {
  const way = deduplicates ? 'takes repeats once: learned by the first close' : 'does not: told to use each connection once';
  test(`hl7apy closes after each message, and ${way}`, { skip, timeout: 60_000 }, async () => {
    const peer = await startPythonHl7Receiver(python, 'hl7apy');
    const changes: Changes = deduplicates ? { channel: { deduplicates } } : { client: { connection: 'each' } };
    try {
      await withTarget(peer.port, changes, async (lis, ledger) => {
        for (let i = 0; i < 8; i++) {
          const order = numbered(`A${i}`, { priority: 'stat' });
          const isDelivered = async (): Promise<boolean> => (await ledger.one(lis, order, { related })).outcome === 'delivered';
          await waitFor(isDelivered, { deadlineMs: 20_000, what: `A${i} delivered: ${JSON.stringify(peer.records.at(-1))}` });
        }
        assert.deepEqual(await live(lis, ledger, 'A9'), [
          'delivered null active',
          'delivered null active',
          'delivered null cancelled',
        ]);
        assert.deepEqual(
          peer.records.filter(({ kind }) => kind === 'rejected'),
          [],
        );
        const placed = peer.records.filter(({ text }) => /ORC\|NW/.test(text)).map(({ controlId }) => controlId);
        assert.equal(new Set(placed).size, 9);
      });
    } finally {
      await peer.stop();
    }
  });
}

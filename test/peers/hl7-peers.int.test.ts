/** The receivers and the sender of other makers: what each accepts, refuses and sends. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sendMllp } from '../../infra/local/src/send-mllp.ts';
import { type HapiReceiver, sendByHapi, startHapiHl7Receiver } from './hapi-hl7.ts';
import { pythonPeer } from './python.ts';
import { startPythonHl7Receiver } from './python-hl7.ts';

let receiver: HapiReceiver;
before(async () => {
  receiver = await startHapiHl7Receiver();
});
after(async () => await receiver.stop());

const order = (controlId: string, ...segments: readonly string[]): string =>
  [
    `MSH|^~\\&|CLINSTREAM|HOSP|LAB|HOSP|20261122130000+0900||OML^O21^OML_O21|${controlId}|P|2.5.1||||||UNICODE UTF-8`,
    'PID|1||4711^^^HIS^PI||김^하늘||19700101|F',
    'PV1|1|O',
    ...segments,
  ].join('\r');

const placed = ['ORC|NW|P-1^HIS', 'TQ1|1||||||||S', 'OBR|1|P-1^HIS||718-7^Hemoglobin^LN'];

test('an order is read and answered with an ORL^O22 of its own', async () => {
  const answer = await sendMllp(receiver.port, Buffer.from(order('M-1', ...placed)));
  const [record] = await receiver.whenRecords(1);
  assert.equal(answer.code, 'AA');
  assert.match(answer.text, /ORL\^O22\^ORL_O22.*MSA\|AA\|M-1.*김\^하늘.*ORC\|OK\|P-1\^HIS\|FP-1\^HAPI/s);
  assert.ok(record?.kind === 'received');
  assert.deepEqual(record.orders, [{ control: 'NW', placer: 'P-1', filler: '', code: '718-7', priority: 'S' }]);
  assert.deepEqual([record.type, record.controlId], ['OML^O21', 'M-1']);
});

for (const [what, segments, why] of [
  ['without ORC-1', ['ORC||P-2^HIS', 'OBR|1|P-2^HIS||718-7^Hemoglobin^LN'], /ORC-1 is required/],
  ['without its universal service', ['ORC|NW|P-2^HIS', 'OBR|1|P-2^HIS'], /OBR-4 is required/],
  ['of nothing', [], /needs ORDER/],
  ['with a segment out of place', ['RXA|0|1|20261122||CVX', ...placed], /RXA/],
] as const) {
  test(`an order ${what} is refused`, async () => {
    const before = receiver.records.length;
    const answer = await sendMllp(receiver.port, Buffer.from(order('M-2', ...segments)));
    const record = (await receiver.whenRecords(before + 1))[before];
    assert.ok(record?.kind === 'rejected', JSON.stringify(record));
    assert.match(record.why, why);
    assert.ok(['AE', 'AR'].includes(answer.code), answer.code);
  });
}

test('what HAPI sends, HAPI receives: the sender speaks as strictly as the receiver listens', async () => {
  const result = order('M-3', ...placed)
    .replace('OML^O21^OML_O21', 'ORU^R01^ORU_R01')
    .replace('TQ1|1||||||||S\r', '')
    .replace('ORC|NW', 'ORC|RE');
  const answers = await sendByHapi(receiver.port, [result, result.replace('M-3', 'M-4')]);
  assert.deepEqual(
    answers.map(({ ack, controlId }) => [ack, controlId]),
    [
      ['AA', 'M-3'],
      ['AA', 'M-4'],
    ],
  );
  await assert.rejects(
    sendByHapi(receiver.port, ['MSH|^~\\&|A|B|C|D|20261122||ORU^R01^ORU_R01|M-5|P|2.5.1\rXXX|1']),
    /HAPI had 0 answers/,
  );
});

const python = pythonPeer();
const skip = python.missing ?? false;

test('python-hl7 acknowledges what it can read', { skip }, async () => {
  const peer = await startPythonHl7Receiver(python, 'hl7');
  try {
    const answer = await sendMllp(peer.port, Buffer.from(order('M-6', ...placed)));
    const [record] = await peer.whenRecords(1);
    assert.match(answer.text, /MSA\|AA\|M-6/);
    assert.deepEqual([record?.kind, record?.controlId], ['received', 'M-6']);
  } finally {
    await peer.stop();
  }
});

test('hl7apy validates, and answers with an ORL^O22 of its own', { skip }, async () => {
  const peer = await startPythonHl7Receiver(python, 'hl7apy');
  try {
    const good = await sendMllp(peer.port, Buffer.from(`${order('M-7', ...placed)}\r`));
    const bad = await sendMllp(peer.port, Buffer.from(`${order('M-8', 'ORC|NW|P-2^HIS', 'OBR|1|P-2^HIS')}\r`));
    const records = await peer.whenRecords(2);
    assert.deepEqual([good.code, bad.code], ['AA', 'AE'], JSON.stringify(records));
    assert.match(good.text, /ORL\^O22\^ORL_O22.*김\^하늘.*ORC\|OK\|P-1\^HIS/s);
    assert.match(records[1]?.why ?? '', /OBR_4/);
  } finally {
    await peer.stop();
  }
});

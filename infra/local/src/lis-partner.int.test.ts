/** The demonstration laboratory, over real sockets, and that a strict parser takes what it says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { waitFor } from '@clinstream/testkit';
import { sendByHapi, startHapiHl7Receiver } from '../../../test/peers/hapi-hl7.ts';
import { type LisPartner, startLisPartner } from './lis-partner.ts';
import { freePorts } from './ports.ts';
import { readMessage, sendMllp } from './send-mllp.ts';
import { repositoryRoot } from './services.ts';

const twoOrders = readMessage(`${repositoryRoot}samples/hl7/10-two-orders-2.5.1.hl7`);

test('orders are accepted, and the results of those it can do come back as a strict parser takes them', async () => {
  const ingest = await startHapiHl7Receiver();
  const port = await freePorts();
  const partner = await startLisPartner({ port, resultsPort: ingest.port, resultAfterMs: 1 });
  try {
    const [answer] = await sendByHapi(port, [twoOrders.toString('utf8')]);
    assert.equal(answer?.ack, 'AA');
    assert.match(
      answer?.text ?? '',
      /ORL\^O22.*Seo\^Haram.*ORC\|OK\|N2026-0006\^OCS\|DN2026-0006\^DEMOLAB.*ORC\|OK\|N2026-0007\^OCS/s,
    );
    const [record] = await ingest.whenRecords(1);
    assert.ok(record?.kind === 'received', JSON.stringify(record));
    assert.deepEqual([record.type, record.controlId], ['ORU^R01', 'DR-N2026-0007']);
    assert.match(record.text, /LIS\|HANEUL.*ORC\|RE\|N2026-0007\^OCS\|DN2026-0007\^DEMOLAB.*718-7\^Hemoglobin\^LN\|\|10\.9/s);
    await sendMllp(port, twoOrders);
    assert.equal(partner.orders(), 2);
    await untilSent(partner, 1);
    assert.deepEqual(partner.results(), { sent: 1, pending: 0 });
  } finally {
    await partner.stop();
    await ingest.stop();
  }
});

test('a result is sent again until ingest takes it; Korean goes back byte for byte', async () => {
  const [port, resultsPort] = [await freePorts(), await freePorts()];
  const partner = await startLisPartner({ port, resultsPort, resultAfterMs: 1 });
  const korean = Buffer.from(
    readFileSync(`${repositoryRoot}samples/hl7/10-two-orders-2.5.1.hl7`, 'latin1').replace('Seo', '\xBC\xAD'),
    'latin1',
  );
  const answer = await sendMllp(port, korean);
  assert.equal(answer.code, 'AA');
  const ingest = await startHapiHl7Receiver({ port: resultsPort });
  try {
    await ingest.whenRecords(1);
    await untilSent(partner, 1);
  } finally {
    await partner.stop();
    await ingest.stop();
  }
});

test('what is no order is refused, what is no message ends the connection', async () => {
  const port = await freePorts();
  const partner = await startLisPartner({ port, resultsPort: port });
  try {
    const result = await sendMllp(port, readMessage(`${repositoryRoot}samples/hl7/16-result-final-2.5.1.hl7`));
    assert.match(result.text, /ACK\|.*MSA\|AR\|LIS30002\rERR\|\|MSH\^1\^9\|200/s);
    const odd = await sendMllp(port, Buffer.from(twoOrders.toString('latin1').replace('ORC|NW', 'ORC|SN'), 'latin1'));
    assert.equal(odd.code, 'AE');
    await assert.rejects(sendMllp(port, Buffer.from('hello')), /closed without an answer/);
  } finally {
    await partner.stop();
  }
});

const untilSent = (partner: LisPartner, count: number) =>
  waitFor(() => partner.results().sent === count, { deadlineMs: 20_000, what: `${count} results sent` });

/** The registration desk of the load: what it sends, in which order, and what it writes into the book. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { createLedger } from './ledger.ts';
import { createAdtSender } from './load-adt.ts';
import { patientKeyFor } from './payloads.ts';

/** A receiver that keeps every message; acknowledges all but those that hold one of the texts in `without`. */
async function startReceiver(without: readonly string[] = []) {
  const messages: string[] = [];
  const server = createServer((socket) =>
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        const message = chunk.toString();
        messages.push(message);
        const code = without.some((text) => message.includes(text)) ? 'CE' : 'AA';
        socket.write(`\x0bMSH|^~\\&|\rMSA|${code}|1\r\x1c\r`);
      }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { messages, port: (server.address() as AddressInfo).port, close: () => server.close() };
}

const tryOnce = async (_tries: number, send: () => Promise<string>): Promise<void> => void (await send());

test('tells one person again and again, merges another now and then, each message later than the one before', async (t) => {
  const receiver = await startReceiver(['^V3|']);
  const ledger = createLedger();
  const http = { url: '', token: '', timeoutMs: 30_000 };
  const desk = createAdtSender({ run: 'r', index: 0, pauseMs: 0, ledger, http, mllpPort: receiver.port, insist: tryOnce });
  t.after(() => {
    desk.close();
    receiver.close();
  });
  for (let turn = 0; turn < 7; turn++) await desk.sendNext();
  const events = receiver.messages.map((message) => /\|ADT\^(A\d\d)\^/.exec(message)?.[1]);
  assert.deepEqual(events, ['A04', 'A08', 'A31', 'A08', 'A31', 'A08', 'A04', 'A40', 'A31']);
  const times = receiver.messages.map((message) => message.split('|')[6] ?? '');
  assert.equal(new Set(times).size, times.length);
  assert.deepEqual(times.toSorted(), times);
  const [key, retired] = [patientKeyFor('r-a0'), patientKeyFor('r-a0x1')];
  const acknowledged = ledger.people().filter((one) => one.patientKey === key && one.acknowledgedAt !== null);
  assert.deepEqual(
    acknowledged.map(({ version }) => version),
    [1, 2, 4, 5, 6, 7],
  );
  assert.equal(ledger.people().length, 8);
  const [merge] = ledger.merges();
  assert.deepEqual([merge?.patientKey, merge?.survivorKey, merge?.acknowledgedAt !== null], [retired, key, true]);
});

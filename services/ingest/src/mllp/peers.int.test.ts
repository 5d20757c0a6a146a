/** The listener against senders nobody here wrote: PyPI `hl7` (three ways of sending), `hl7apy`, and npm `node-hl7-client`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Client, { type InboundResponse, Message } from 'node-hl7-client';
import { pythonPeer } from '../../../../test/peers/python.ts';
import { createMllpListener, type MllpListener } from './mllp-listener.ts';
import { createFakeHouse, gland, hl7, type MessageParts, pid, testChannel } from './test-support.ts';

let listener: MllpListener;
before(async () => {
  listener = createMllpListener({ ...createFakeHouse(), channel: testChannel(), host: '127.0.0.1', defaultPort: 0 });
  await listener.start();
});
after(() => listener.stop(AbortSignal.timeout(2000)));

const cases: readonly (readonly [parts: MessageParts, type: string, code: string])[] = [
  [{ controlId: 'OML', segments: [pid, ...gland] }, 'ORL^O22^ORL_O22', 'AA'],
  [{ controlId: 'ORM', type: 'ORM^O01^ORM_O01', version: '2.4' }, 'ORR^O02^ORR_O02', 'AA'],
  [
    {
      controlId: 'OLD',
      type: 'ORM^O01',
      version: '2.3',
      segments: [pid, 'ORC|NW|P1^OCS|||||1^^^^^R', 'OBR|1|P1^OCS||GLU^Glucose^L'],
    },
    'ORR^O02',
    'AA',
  ],
  [{ controlId: 'ADT', type: 'ADT^A04^ADT_A01', version: '2.3.1', segments: ['EVN||20261122130000', pid] }, 'ACK^A04^ACK', 'AA'],
  [{ controlId: 'BAD', segments: ['PID|1||', ...gland] }, 'ORL^O22^ORL_O22', 'AE'],
  [{ controlId: 'VER', version: '2.2' }, 'ACK^O21^ACK', 'AR'],
  [{ controlId: 'COMMIT', accept: 'AL', applicationAck: 'NE' }, 'ACK^O21^ACK', 'CA'],
];

const python = pythonPeer();

test('PyPI hl7 and hl7apy send, and read our answers', { skip: python.missing ?? false, timeout: 60_000 }, async () => {
  const script = fileURLToPath(new URL('../../../../test/peers/hl7_peers.py', import.meta.url));
  const messages = cases.map(([parts]) => hl7(parts).toString('base64'));
  const input = JSON.stringify({ port: listener.port(), messages, charset: 'ascii' });
  const { stdout } = await promisify(execFile)(python.command ?? '', [script, input], { timeout: 50_000 });
  const said = JSON.parse(stdout) as Readonly<Record<'blocking' | 'streams' | 'commandLine' | 'structures' | 'built', unknown>>;
  const expected = cases.map(([parts, type, code]) => [type, code, parts.controlId]);
  assert.deepEqual(said.blocking, expected);
  assert.deepEqual(said.streams, expected);
  assert.deepEqual(said.commandLine, expected.slice(0, 1));
  assert.deepEqual(said.built, ['ACK^A04^ACK', 'AA', 'APY1']);
  // hl7apy takes the choice of detail segments in ORR_O02 for a sequence, and asks an answer for the whole OBR of 2.3.
  const judged = (said.structures as readonly string[]).filter((_, i) => !cases[i]?.[1].startsWith('ORR'));
  assert.deepEqual(new Set(judged), new Set(['True']));
});

// One at a time: with several messages waiting, this client (4.0.0) spins without giving the event loop back.
test('npm node-hl7-client sends on one connection, and reads our answers', { timeout: 20_000 }, async () => {
  const client = new Client({ host: '127.0.0.1', version: '2.5.1' });
  let answered = Promise.withResolvers<string>();
  const outbound = client.createConnection({ port: listener.port(), version: '2.5.1' }, async (response: InboundResponse) => {
    const message = response.getMessage();
    answered.resolve(`${message.get('MSA.1').toString()} ${message.get('MSA.2').toString()}`);
  });
  for (const controlId of ['N0', 'N1', 'N2', 'N3']) {
    answered = Promise.withResolvers();
    await outbound.sendMessage(new Message({ text: hl7({ controlId }).toString('ascii').trimEnd() }));
    assert.equal(await answered.promise, `AA ${controlId}`);
  }
  await client.closeAll();
});

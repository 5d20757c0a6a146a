/** The connections themselves: lanes side by side, TLS with a client certificate, and the gate before the dial. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer } from 'node:tls';
import { frameOf } from '@clinstream/runtime/mllp';
import { makeCertificate } from '@clinstream/testkit';
import { type ClientOptions, createLisClient } from './client.ts';
import { ack, startFakeLab } from './testing/fake-lab.ts';

const options = (port: number, change: Partial<ClientOptions> = {}): ClientOptions => ({
  host: '127.0.0.1',
  port,
  tls: null,
  lanes: 8,
  connection: 'keep',
  connectTimeoutMs: 2_000,
  replyTimeoutMs: 5_000,
  maxReplyBytes: 10_000,
  ...change,
});
const clock = { now: () => performance.now() };
const silent = { onConnections: () => undefined, onDiscarded: () => undefined };
const message = Buffer.from('MSH|^~\\&|A||||||OML^O21|C1|P|2.5.1\rORC|NW|P1\r');

test('4.3 one message in flight per lane, lanes side by side; a patient has always the same lane', {
  timeout: 20_000,
}, async () => {
  const held: (() => void)[] = [];
  const lab = await startFakeLab((_, { say, positive }) => held.push(() => say(positive)));
  const client = createLisClient(options(lab.port), clock, silent);
  const { signal } = new AbortController();
  const sends = Array.from({ length: 40 }, (_, i) =>
    client.onLane(`patient ${i % 20}`, signal, async (line) => {
      await line.connect();
      return (await line.exchange(message, () => 'final')).kind;
    }),
  );
  let answered = 0;
  let most = 0;
  while (answered < 40) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    most = Math.max(most, held.length);
    const now = held.splice(0);
    answered += now.length;
    for (const say of now) say();
  }
  assert.deepEqual(new Set(await Promise.all(sends)), new Set(['replied']));
  assert.ok(most > 1 && most <= 8, String(most));
  assert.ok(lab.connections() <= 8);
  await client.stop(AbortSignal.timeout(1_000));
  await lab.stop();
});

test('while the peer is away the gate lets one dial through at a time, and a probe at once', { timeout: 20_000 }, async () => {
  const away = await startFakeLab();
  await away.stop();
  let dials = 0;
  const client = createLisClient(options(away.port), { now: () => 0 }, { ...silent, onConnections: () => dials++ });
  const { signal } = new AbortController();
  const dial = (key: string) => client.onLane(key, signal, (line) => line.connect());
  await assert.rejects(dial('a'), { code: 'LIS_UNREACHABLE' });
  for (const key of ['a', 'b', 'c', 'd']) await assert.rejects(dial(key), { code: 'LIS_UNREACHABLE' });
  const back = await startFakeLab(undefined, { port: away.port });
  // Time stands still here: only the probe may ask.
  await assert.rejects(dial('a'), { code: 'LIS_UNREACHABLE' });
  await client.probe(signal);
  await dial('a');
  assert.ok(dials >= 1);
  await client.stop(AbortSignal.timeout(1_000));
  await back.stop();
});

const dir = mkdtempSync(join(tmpdir(), 'lis-tls-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const pem = (name: string): string => join(dir, name);

test('TLS: a laboratory of the named authority is spoken to, another is not', { timeout: 20_000 }, async () => {
  for (const name of ['lab', 'ours', 'other']) makeCertificate(dir, name);
  const read = (name: string): Buffer => readFileSync(pem(name));
  const server = createServer(
    { key: read('lab.key'), cert: read('lab.crt'), ca: read('ours.crt'), requestCert: true, rejectUnauthorized: true },
    (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write(frameOf(Buffer.from(ack('AA', 'C1')))));
    },
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { signal } = new AbortController();
  const ask = async (caFile: string) => {
    const tls = { caFile: pem(caFile), certFile: pem('ours.crt'), keyFile: pem('ours.key') };
    const client = createLisClient(options(port, { tls }), clock, silent);
    try {
      return await client.onLane('a', signal, async (line) => {
        await line.connect();
        return (await line.exchange(message, () => 'final')).kind;
      });
    } finally {
      await client.stop(AbortSignal.timeout(1_000));
    }
  };
  assert.equal(await ask('lab.crt'), 'replied');
  await assert.rejects(ask('other.crt'), { code: 'LIS_UNREACHABLE' });
  server.close();
});

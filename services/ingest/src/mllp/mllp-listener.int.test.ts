import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { topics } from '@clinstream/contracts';
import { frameOf } from '@clinstream/runtime/mllp';
import { createLogger, createMetricsRegistry } from '@clinstream/runtime/telemetry';
import fc from 'fast-check';
import { createMllpListener, type MllpListener } from './mllp-listener.ts';
import { createFakeHouse, type FakeHouse, gland, hl7, peerOf, pid, testChannel } from './test-support.ts';

const running: MllpListener[] = [];
after(() => Promise.all(running.map((listener) => listener.stop(AbortSignal.timeout(2000)))));

async function listen(house: FakeHouse = createFakeHouse(), changes: Readonly<Record<string, unknown>> = {}) {
  const listener = createMllpListener({ ...house, channel: testChannel(changes), host: '127.0.0.1', defaultPort: 0 });
  running.push(listener);
  await listener.start();
  return listener;
}

const codeOf = (answer: string | undefined): string =>
  /\rMSA\|([A-Z]{2})\|([^|\r]*)/
    .exec(answer ?? '')
    ?.slice(1)
    .join(' ') ?? '';

test('one message, one answer, in one write', async () => {
  const listener = await listen();
  const peer = peerOf(listener.port());
  const first = once(peer.socket, 'data');
  peer.socket.write(frameOf(hl7()));
  const [chunk] = (await first) as [Buffer];
  assert.equal(chunk[0], 0x0b);
  assert.equal(chunk.subarray(-2).toString('hex'), '1c0d');
  assert.equal(codeOf(peer.answers[0]), 'AA C1');
  peer.socket.destroy();
});

test('a message cut into single bytes, and many messages in one chunk', async () => {
  const listener = await listen();
  const peer = peerOf(listener.port());
  peer.socket.setNoDelay(true);
  for (const byte of frameOf(hl7({ controlId: 'SLOW' }))) peer.socket.write(Buffer.of(byte));
  await peer.until(1);
  const names = Array.from({ length: 50 }, (_, i) => `B${i}`);
  peer.socket.write(Buffer.concat(names.map((controlId) => frameOf(hl7({ controlId })))));
  assert.deepEqual((await peer.until(51)).map(codeOf), ['AA SLOW', ...names.map((name) => `AA ${name}`)]);
  peer.socket.destroy();
});

test('pipelined messages are worked on together and answered in order', async () => {
  const house = createFakeHouse();
  const held: (() => void)[] = [];
  const blobs = {
    ...house.blobs,
    put: (bytes: Buffer) => new Promise<string>((resolve) => held.push(() => resolve(`sha256:${bytes.length}`))),
  };
  const listener = await listen({ ...house, blobs });
  const peer = peerOf(listener.port());
  const messages = ['1', '2', '3'].map((id) => hl7({ controlId: id, segments: [pid.replace('4711', id), ...gland] }));
  peer.socket.write(Buffer.concat(messages.map(frameOf)));
  while (held.length < 3) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(peer.answers.length, 0);
  for (const release of held.toReversed()) {
    release();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual((await peer.until(3)).map(codeOf), ['AA 1', 'AA 2', 'AA 3']);
  peer.socket.destroy();
});

test('messages of one patient go one after another, over all connections, in the order they came', async () => {
  const house = createFakeHouse();
  const held: (() => void)[] = [];
  const blobs = { ...house.blobs, put: () => new Promise<string>((resolve) => held.push(() => resolve('sha256:0'))) };
  const listener = await listen({ ...house, blobs });
  const first = peerOf(listener.port());
  const second = peerOf(listener.port());
  first.socket.write(frameOf(hl7({ controlId: 'A' })));
  while (held.length < 1) await new Promise((resolve) => setImmediate(resolve));
  second.socket.write(frameOf(hl7({ controlId: 'B' })));
  second.socket.write(frameOf(hl7({ controlId: 'C', segments: [pid.replace('4711', '9'), ...gland] })));
  while (held.length < 2) await new Promise((resolve) => setImmediate(resolve));
  held[1]?.();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(held.length, 2, 'the same patient waits, another does not');
  held[0]?.();
  while (held.length < 3) await new Promise((resolve) => setImmediate(resolve));
  held[2]?.();
  assert.deepEqual((await second.until(2)).map(codeOf), ['AA B', 'AA C']);
  const order = house.log.valuesOf(topics.messages).map((one) => one.controlId);
  assert.ok(order.indexOf('A') < order.indexOf('B'));
  first.socket.destroy();
  second.socket.destroy();
});

test('no more than the bound is in flight on one connection', async () => {
  const house = createFakeHouse();
  const held: (() => void)[] = [];
  const blobs = { ...house.blobs, put: () => new Promise<string>((resolve) => held.push(() => resolve('sha256:0'))) };
  const listener = await listen({ ...house, blobs }, { limits: { maxInFlightPerConnection: 2 } });
  const peer = peerOf(listener.port());
  const names = Array.from({ length: 6 }, (_, i) => `N${i}`);
  peer.socket.write(
    Buffer.concat(names.map((id) => frameOf(hl7({ controlId: id, segments: [pid.replace('4711', id), ...gland] })))),
  );
  for (let released = 0; released < 6; released++) {
    while (held.length <= released) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(held.length - released <= 2);
    held[released]?.();
    await peer.until(released + 1);
  }
  assert.deepEqual(
    peer.answers.map(codeOf),
    names.map((name) => `AA ${name}`),
  );
  peer.socket.destroy();
});

test('a peer that ends its side right after its message still gets the answer', async () => {
  const listener = await listen();
  const peer = peerOf(listener.port());
  peer.socket.end(frameOf(hl7()));
  assert.deepEqual((await peer.until(1)).map(codeOf), ['AA C1']);
  await peer.over;
});

test('a message too long is answered with AE and thrown away, and the next one is taken', async () => {
  const listener = await listen(createFakeHouse(), { limits: { maxFrameBytes: 2048 } });
  const peer = peerOf(listener.port());
  peer.socket.write(frameOf(hl7({ controlId: 'BIG', segments: [pid, ...gland, `NTE|1||${'x'.repeat(4000)}`] })));
  peer.socket.write(frameOf(hl7({ controlId: 'NEXT' })));
  const [big, next] = await peer.until(2);
  assert.deepEqual([codeOf(big), codeOf(next)], ['AE BIG', 'AA NEXT']);
  assert.match(big ?? '', /MESSAGE_TOO_LONG/);
  peer.socket.destroy();
});

test('an endless message, endless garbage, a half message and an idle connection are closed', async () => {
  const quick = { maxFrameBytes: 1024, frameTimeoutMs: 150, idleTimeoutMs: 150 };
  const listener = await listen(createFakeHouse(), { limits: quick });
  for (const bytes of [
    Buffer.concat([Buffer.of(0x0b), Buffer.alloc(8000, 'x')]),
    Buffer.alloc(8000, 'x'),
    Buffer.from('\x0bMSH|'),
    Buffer.alloc(0),
  ]) {
    const peer = peerOf(listener.port());
    if (bytes.length > 0) peer.socket.write(bytes);
    await peer.over;
    assert.equal(peer.answers.length, 0);
    peer.socket.destroy();
  }
});

test('when Kafka cannot confirm and the channel says so, the connection closes without a word, and what was answered before arrives', async () => {
  const house = createFakeHouse();
  const listener = await listen(house, { whenUnconfirmed: 'close' });
  const peer = peerOf(listener.port());
  peer.socket.write(frameOf(hl7({ controlId: 'GOOD' })));
  await peer.until(1);
  house.log.failNext(1);
  peer.socket.write(frameOf(hl7({ controlId: 'BAD' })));
  await peer.over;
  assert.deepEqual(peer.answers.map(codeOf), ['AA GOOD']);
  peer.socket.destroy();
});

test('stop answers what is in hand, takes nothing new, and then closes', async () => {
  const house = createFakeHouse();
  const held: (() => void)[] = [];
  const blobs = { ...house.blobs, put: () => new Promise<string>((resolve) => held.push(() => resolve('sha256:0'))) };
  const listener = await listen({ ...house, blobs });
  const port = listener.port();
  const peer = peerOf(port);
  peer.socket.write(frameOf(hl7()));
  while (held.length < 1) await new Promise((resolve) => setImmediate(resolve));
  const stopped = listener.stop(AbortSignal.timeout(5000));
  assert.equal(listener.readiness().ready, false);
  const late = connect({ port, host: '127.0.0.1' });
  await assert.rejects(once(late, 'connect'));
  held[0]?.();
  assert.deepEqual((await peer.until(1)).map(codeOf), ['AA C1']);
  await peer.over;
  peer.socket.end();
  await stopped;
  await listener.stop(AbortSignal.timeout(10));
});

test('stop cuts at its deadline what cannot be answered', async () => {
  const house = createFakeHouse();
  const blobs = { ...house.blobs, put: () => new Promise<string>(() => undefined) };
  const listener = await listen({ ...house, blobs }, { limits: { answerTimeoutMs: 60_000 } });
  const peer = peerOf(listener.port());
  peer.socket.write(frameOf(hl7()));
  await once(peer.socket, 'connect');
  await new Promise((resolve) => setImmediate(resolve));
  await listener.stop(AbortSignal.timeout(100));
  assert.equal(peer.answers.length, 0);
  peer.socket.destroy();
});

test('connections beyond the bound are refused and counted', async () => {
  const house = createFakeHouse();
  const listener = await listen(house, { limits: { maxConnections: 2 } });
  const peers = [peerOf(listener.port()), peerOf(listener.port())];
  for (const [i, peer] of peers.entries()) {
    peer.socket.write(frameOf(hl7({ controlId: String(i) })));
    await peer.until(1);
  }
  const third = peerOf(listener.port());
  await third.over;
  third.socket.destroy();
  assert.match(await house.telemetry.registry.metrics(), /refused_total\{channel="ocs",reason="full"\} 1/);
  for (const peer of peers) peer.socket.destroy();
});

test('a port already taken is a wrong setting and is said at start', async () => {
  const listener = await listen();
  const second = createMllpListener({
    ...createFakeHouse(),
    channel: testChannel({ port: listener.port() }),
    host: '127.0.0.1',
    defaultPort: 0,
  });
  await assert.rejects(second.start(), { code: 'MLLP_PORT_UNAVAILABLE' });
});

test('random bytes never bring the listener down, and every whole frame of them is answered', async () => {
  const listener = await listen(createFakeHouse(), { limits: { maxFrameBytes: 1024, idleTimeoutMs: 60_000 } });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(fc.constantFrom(...Buffer.from('MSH|^~\\&\r\nPID OBX12')), { maxLength: 300 }).map((list) => Uint8Array.from(list)),
    fc.tuple(fc.nat(200), fc.nat(255)).map(([at, value]) => Uint8Array.from(hl7().map((byte, i) => (i === at ? value : byte)))),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (random) => {
      const peer = peerOf(listener.port());
      const message = Buffer.from(random.map((byte) => (byte === 0x0b || byte === 0x1c ? 0x2e : byte)));
      peer.socket.end(frameOf(message));
      assert.equal((await peer.until(1)).length, 1);
      await peer.over;
      const raw = peerOf(listener.port());
      raw.socket.end(Buffer.from(random));
      await raw.over;
    }),
    { numRuns: 150 },
  );
  const peer = peerOf(listener.port());
  peer.socket.write(frameOf(hl7()));
  assert.deepEqual((await peer.until(1)).map(codeOf), ['AA C1']);
  peer.socket.destroy();
});

test('nothing of a message reaches logs or metrics, whether it is taken, refused or cannot be confirmed', async () => {
  const lines: string[] = [];
  const log = createLogger({ name: 'test', level: 'trace', destination: { write: (line: string) => lines.push(line) } });
  const registry = createMetricsRegistry({ processMetrics: false });
  const house = createFakeHouse({ log, registry, clock: { now: () => Date.now() } });
  const listener = await listen(house);
  const canary = 'CANARYKIM';
  const peer = peerOf(listener.port());
  const canaryPid = `PID|1||${canary}^^^HIS^PI||${canary}^${canary}`;
  const segments = [canaryPid, `ORC|NW|${canary}`, `OBR|1|${canary}||GLU^^L`];
  const all = [
    hl7({ controlId: canary, segments }),
    hl7({ controlId: canary, segments: [`PID|1||${canary}^^^HIS^PI~${canary}2^^^HIS^PI`, ...segments.slice(1)] }),
    hl7({ controlId: canary, application: canary }),
    hl7({ controlId: canary, type: canary }),
    Buffer.from(canary),
  ];
  for (const [i, bytes] of all.entries()) {
    peer.socket.write(frameOf(bytes));
    await peer.until(i + 1);
  }
  house.log.failNext(1);
  peer.socket.write(frameOf(hl7({ controlId: canary, segments })));
  await peer.until(all.length + 1);
  peer.socket.end();
  await peer.over;
  assert.equal(lines.length, 5, lines.join(''));
  const said = lines.join('') + (await registry.metrics());
  assert.equal(said.includes(canary), false);
  const headers = JSON.stringify(house.log.published.map((event) => event.envelope));
  assert.equal(headers.includes(canary), false);
});

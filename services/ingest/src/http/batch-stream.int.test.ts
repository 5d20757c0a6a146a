/** Batches over real sockets, with senders that do not behave; log and store are stand-ins. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { Authenticator, HttpServer } from '@clinstream/runtime/http';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { waitFor } from '@clinstream/testkit';
import { createIngestServer } from './ingest-server.ts';
import { createFakeLog, createFakeStore, goodBody, testModels } from './test-support.ts';

const auth: Authenticator = {
  name: 'auth',
  start: async () => {},
  stop: async () => {},
  readiness: () => ({ ready: true }),
  authenticate: async () => ({ subject: 's', client: 'his', roles: ['system'] }),
};
const log = createFakeLog();
const telemetry = createSilentTelemetry();
const maxLines = 20_000;
let server: HttpServer;
let port: number;
before(async () => {
  server = await createIngestServer({
    telemetry,
    auth,
    limits: { maxBodyBytes: 4_096, requestTimeoutMs: 30_000, rateLimitPerMinute: 0, trustedProxies: [] },
    batch: { maxLineBytes: 2_000, maxLines, maxBytes: 50_000_000, maxGroup: 500, maxUnconfirmedGroups: 4, maxConcurrent: 1 },
    producer: { publish: log.publish },
    reservations: createFakeStore(),
    models: testModels,
    publicUrl: 'http://api.example',
    confirmTimeoutMs: 5_000,
  });
  await server.listen({ port: 0 });
  port = (server.server.address() as AddressInfo).port;
});
after(() => server.close());

const head = 'POST /v1/analyses:batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\ncontent-type: application/x-ndjson\r\n';
const lineOf = (i: number): string => `${JSON.stringify({ reference: `r${i}`, ...goodBody })}\n`;
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

async function open(): Promise<Socket> {
  const socket = connect({ port });
  await once(socket, 'connect');
  socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
  return socket;
}

/** Sends lines a to b; resolves when they are on their way, whether or not anyone answers. */
async function sendLines(socket: Socket, a: number, b: number): Promise<void> {
  for (let from = a; from < b; from += 100) {
    const text = Array.from({ length: Math.min(100, b - from) }, (_, i) => lineOf(from + i)).join('');
    if (!socket.write(chunk(text))) await once(socket, 'drain');
  }
}

const answersIn = (text: string): { line: number; status: number }[] =>
  text.split(/\r?\n/).flatMap((line) => (line.startsWith('{"line"') ? [JSON.parse(line)] : []));

async function readAll(socket: Socket, end = '\r\n0\r\n\r\n'): Promise<string> {
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  socket.resume();
  await waitFor(() => text.includes(end), { deadlineMs: 20_000, what: 'the end of the answer' });
  return text;
}

test('a sender that reads only after it has sent everything gets every answer', { timeout: 60_000 }, async () => {
  const socket = await open();
  socket.pause();
  await sendLines(socket, 0, maxLines);
  socket.write('0\r\n\r\n');
  const answers = answersIn(await readAll(socket));
  assert.equal(answers.length, maxLines);
  assert.ok(answers.every((answer, i) => answer.line === i + 1 && answer.status === 202));
  socket.destroy();
});

test('a sender that goes away in mid-batch frees its place', { timeout: 60_000 }, async () => {
  const before = log.published.length;
  const socket = await open();
  await sendLines(socket, 0, 1_000);
  await waitFor(() => log.published.length > before, { deadlineMs: 20_000, what: 'some lines to be handed over' });
  socket.destroy();
  await waitFor(isIdle, { deadlineMs: 20_000, what: 'the batch to end' });
});

test('a batch that grows too long is cut with a last answer, and the connection stays usable', { timeout: 60_000 }, async () => {
  await waitFor(isIdle, { deadlineMs: 20_000, what: 'the batch before to end' });
  const socket = await open();
  const read = readAll(socket);
  await sendLines(socket, 0, maxLines + 500);
  socket.write('0\r\n\r\n');
  const answers = answersIn(await read);
  assert.equal(answers.length, maxLines + 1);
  assert.deepEqual([answers.at(-1)?.line, answers.at(-1)?.status], [maxLines + 1, 413]);
  const second = readAll(socket, 'Content-Length: 0\r\n\r\n');
  socket.write(`${head}content-length: 2\r\n\r\n\r\n`);
  assert.match(await second, /HTTP\/1.1 200/);
  socket.destroy();
});

const isIdle = async (): Promise<boolean> => /clinstream_ingest_batches_running 0/.test(await telemetry.registry.metrics());

/** The sample hospital day through ingest's MLLP port: the real process, Kafka, registry and Postgres; a second time it gets the same answers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { isolatedStack, type TestStack, type TestSystem, testSystem } from '@clinstream/testkit';

type Expected = {
  readonly file: string;
  readonly answers: readonly { readonly code: string; readonly orders?: readonly string[] }[];
};

const samples = new URL('../../samples/hl7/', import.meta.url);
const day = (JSON.parse(readFileSync(new URL('expected.json', samples), 'utf8')) as { readonly messages: readonly Expected[] })
  .messages;

let stack: TestStack;
let system: TestSystem;

before(async () => {
  stack = await isolatedStack();
  system = await testSystem({ stack, database: await stack.freshDatabase() });
  await system.startService('ingest');
});
after(async () => {
  await system?.stop();
  await stack?.stop();
});

/** Sends one message on a connection of its own, as `nc` would: the answers are all that comes until the end. */
function exchange(message: Buffer): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port: system.ports.mllp, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
  socket.on('error', reject);
  socket.end(Buffer.concat([Buffer.of(0x0b), message, Buffer.of(0x1c, 0x0d)]));
  return promise;
}

const answersIn = (bytes: string) =>
  bytes
    .split('\x0b')
    .slice(1)
    .map((answer) => {
      const named = (name: string) => answer.split('\r').filter((segment) => segment.startsWith(name));
      const orders = named('ORC').map((segment) => segment.split('|')[1] ?? '');
      return { code: named('MSA')[0]?.split('|')[1] ?? '', orders };
    });

async function playDay(): Promise<void> {
  for (const { file, answers } of day) {
    const got = answersIn(await exchange(readFileSync(new URL(file, samples))));
    assert.deepEqual(
      got,
      answers.map(({ code, orders }) => ({ code, orders: orders ?? [] })),
      file,
    );
  }
}

test('every message of the day gets the answer expected', { timeout: 120_000 }, playDay);
test('the day again gets the same answers', { timeout: 120_000 }, playDay);

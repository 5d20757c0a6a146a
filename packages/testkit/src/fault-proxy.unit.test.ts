import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { waitFor } from '@clinstream/local';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
let proxy: FaultProxy;

before(async () => {
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await startFaultProxy({ targetPort: (echo.address() as AddressInfo).port });
});
after(async () => {
  await proxy.stop();
  echo.close();
});

async function dial(): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect({ host: '127.0.0.1', port: proxy.port });
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  await once(socket, 'connect');
  return { socket, received: () => text };
}
const closeOf = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));
const echoed = (link: { received: () => string }, text: string) =>
  waitFor(() => link.received() === text, { deadlineMs: 5000, what: `echo of ${text}` });

test('passes bytes both ways', async () => {
  const link = await dial();
  link.socket.write('hello');
  await echoed(link, 'hello');
  link.socket.destroy();
});

test('a black hole swallows until it passes again, and loses nothing', async () => {
  const link = await dial();
  link.socket.write('a');
  await echoed(link, 'a');
  proxy.set({ kind: 'blackHole' });
  link.socket.write('b');
  const late = await dial();
  late.socket.write('c');
  assert.equal(link.received(), 'a');
  proxy.set({ kind: 'pass' });
  await echoed(link, 'ab');
  await echoed(late, 'c');
  link.socket.destroy();
  late.socket.destroy();
});

test('slow keeps the order', async () => {
  const link = await dial();
  proxy.set({ kind: 'slow', delayMs: 5 });
  for (const letter of 'abcdef') link.socket.write(letter);
  await echoed(link, 'abcdef');
  proxy.set({ kind: 'pass' });
  link.socket.destroy();
});

test('a cut resets open connections and refuses new ones', async () => {
  const link = await dial();
  const closed = closeOf(link.socket);
  proxy.set({ kind: 'cut' });
  await closed;
  const refused = connect({ host: '127.0.0.1', port: proxy.port });
  refused.on('error', () => {});
  await closeOf(refused);
  proxy.set({ kind: 'pass' });
  const again = await dial();
  again.socket.write('x');
  await echoed(again, 'x');
  again.socket.destroy();
  await waitFor(() => proxy.connections() === 0, { deadlineMs: 5000, what: 'no connection is left' });
});

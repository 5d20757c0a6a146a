import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { waitFor } from '@clinstream/local/wait';
import { createSockets } from './sockets.ts';

const arrived: string[] = [];
const server = createServer((socket) => void socket.on('data', (bytes) => arrived.push(bytes.toString())));
before(() => once(server.listen(0, '127.0.0.1'), 'listening'));
after(() => void server.close());

test('what is written in one turn leaves together and in order, also after waits that are none', {
  timeout: 10_000,
}, async () => {
  const socket = createSockets().create();
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('a');
  await Promise.resolve();
  socket.write('b');
  socket.cork();
  socket.write('c');
  socket.uncork();
  await waitFor(() => arrived.length > 0, { deadlineMs: 5_000, what: 'the first packet' });
  socket.end('d');
  await once(socket, 'close');
  assert.equal(arrived[0], 'abc');
  assert.equal(arrived.join(''), 'abcd');
});

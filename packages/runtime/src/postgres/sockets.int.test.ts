import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
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
  const packets = countPackets(socket);
  socket.write('a');
  await Promise.resolve();
  socket.write('b');
  socket.cork();
  socket.write('c');
  socket.uncork();
  assert.equal(packets(), 0);
  await new Promise(setImmediate);
  assert.equal(packets(), 1);
  socket.end('d');
  await once(socket, 'close');
  assert.equal(arrived.join(''), 'abcd');
});

/** Writes handed to the system so far. */
function countPackets(socket: Socket): () => number {
  let packets = 0;
  const { _write, _writev } = socket;
  assert.ok(_writev);
  Object.assign(socket, {
    _write: (...args: Parameters<typeof _write>) => {
      packets++;
      _write.apply(socket, args);
    },
    _writev: (...args: Parameters<typeof _writev>) => {
      packets++;
      _writev.apply(socket, args);
    },
  });
  return () => packets;
}

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { installFreshConnections } from './fresh-connections.ts';

const require = createRequire(import.meta.url);
type Connection = { connect(): Promise<boolean>; disconnect(): Promise<boolean>; send(protocol: object): Promise<string> };
const Connection = require('kafkajs/src/network/connection.js') as new (options: object) => Connection;
const createSocketFactory = require('kafkajs/src/network/socketFactory.js') as () => unknown;
const Encoder = require('kafkajs/src/protocol/encoder.js') as new () => object;

const silent = { debug() {}, info() {}, warn() {}, error() {}, namespace: (): object => silent };

/** Answers every request with `answer`; the first connection is reset when all but `missing` bytes of it have gone out. */
async function brokerThatCuts(missing: number, answer: string) {
  let connections = 0;
  const reply = (socket: Socket, isFirst: boolean) => (request: Buffer) => {
    const size = Buffer.alloc(8);
    size.writeInt32BE(4 + answer.length);
    request.copy(size, 4, 8, 12); // its correlation id
    const whole = Buffer.concat([size, Buffer.from(answer)]);
    if (!isFirst) socket.write(whole);
    else socket.write(whole.subarray(0, whole.length - missing), () => setTimeout(() => socket.resetAndDestroy(), 50));
  };
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', reply(socket, ++connections === 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port, close: () => server.close() };
}

const question = {
  request: { apiKey: 18, apiVersion: 0, apiName: 'ApiVersions', encode: async () => new Encoder() },
  response: {
    decode: async (payload: Buffer) => ({ text: payload.toString() }),
    parse: async ({ text }: { text: string }) => text,
  },
};

test('an answer cut in two by a reset does not spoil the answers of the next connection', async () => {
  assert.equal(installFreshConnections(), true);
  for (const missing of [1, 3, 9, 14]) {
    const broker = await brokerThatCuts(missing, 'fifteen letters');
    const options = { host: '127.0.0.1', port: broker.port, logger: silent, socketFactory: createSocketFactory() };
    const connection = new Connection({ ...options, connectionTimeout: 1_000, requestTimeout: 1_000 });
    await connection.connect();
    await assert.rejects(connection.send(question), `${missing} bytes short`);
    await connection.connect();
    assert.equal(await connection.send(question), 'fifteen letters', `after ${missing} bytes were missing`);
    await connection.disconnect();
    broker.close();
  }
});

test('installing twice is installing once', () => {
  const { prototype } = Connection as unknown as { prototype: Connection };
  const { connect } = prototype;
  assert.equal(installFreshConnections(), true);
  assert.equal(prototype.connect, connect);
});

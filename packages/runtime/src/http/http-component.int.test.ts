/** A listening server: closing, long polls, broken requests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '../lifecycle/component.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { type Authenticator, createHttpServer, httpComponent, requestSignal } from './index.ts';

const auth: Authenticator = {
  name: 'fake',
  start: async () => {},
  stop: async () => {},
  readiness: () => ({ ready: true }),
  authenticate: async (token) => ({ subject: token, client: token, roles: [token] }),
};

const started: Component[] = [];
afterEach(async () => {
  const deadline = AbortSignal.abort();
  await Promise.all(started.splice(0).map((component) => component.stop(deadline)));
});

async function setUp() {
  const telemetry = createSilentTelemetry();
  const limits = { maxBodyBytes: 2_000, requestTimeoutMs: 5_000, rateLimitPerMinute: 0, trustedProxies: [] };
  const server = await createHttpServer({
    name: 'x',
    telemetry,
    auth,
    limits,
    openapi: { title: 'T', version: '1', description: 'd' },
  });
  const arrived = Promise.withResolvers<void>();
  server.get('/poll', { config: { public: true } }, async (request, reply) => {
    arrived.resolve();
    await delay(600_000, null, { signal: requestSignal(request, reply) }).catch(() => {});
    return { waited: true };
  });
  server.get('/stuck', { config: { public: true } }, () => {
    arrived.resolve();
    return new Promise(() => {});
  });
  const component = httpComponent(server, { host: '127.0.0.1', port: 0, auth });
  started.push(component);
  await component.start();
  return { component, arrived: arrived.promise, url: (path: string) => `http://127.0.0.1:${component.port()}${path}` };
}

test('stop ends a long poll with its answer and takes no new connection', { timeout: 30_000 }, async () => {
  const { component, arrived, url } = await setUp();
  assert.equal(component.readiness().ready, true);
  const polled = fetch(url('/poll')).then((response) => response.json());
  await arrived;
  const port = component.port();
  await component.stop(AbortSignal.timeout(10_000));
  assert.deepEqual(await polled, { waited: true });
  assert.equal(component.readiness().ready, false);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/poll`));
  await component.stop(AbortSignal.timeout(10_000));
});

test('a request that never ends is cut at the deadline', { timeout: 30_000 }, async () => {
  const { component, arrived, url } = await setUp();
  const stuck = fetch(url('/stuck')).then(
    () => 'answered',
    () => 'cut',
  );
  await arrived;
  const deadline = new AbortController();
  const stopping = component.stop(deadline.signal);
  deadline.abort();
  await stopping;
  assert.equal(await stuck, 'cut');
});

test('what is no HTTP gets a problem too', { timeout: 30_000 }, async () => {
  const { component } = await setUp();
  const socket = connect(component.port(), '127.0.0.1');
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.write('\x0bMSH|^~\\&|garbage\r\n\r\n');
  await once(socket, 'close');
  assert.match(answer, /^HTTP\/1.1 400 /);
  assert.match(answer, /MALFORMED_REQUEST/);
});

test('a taken port is fatal', { timeout: 30_000 }, async () => {
  const first = await setUp();
  const telemetry = createSilentTelemetry();
  const limits = { maxBodyBytes: 2_000, requestTimeoutMs: 5_000, rateLimitPerMinute: 0, trustedProxies: [] };
  const server = await createHttpServer({
    name: 'x',
    telemetry,
    auth,
    limits,
    openapi: { title: 'T', version: '1', description: 'd' },
  });
  const second = httpComponent(server, { host: '127.0.0.1', port: first.component.port(), auth });
  await assert.rejects(second.start(), { code: 'PORT_UNAVAILABLE', kind: 'fatal' });
  await second.stop(AbortSignal.abort());
});

/** A real process: signals, exit codes, doors. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./fixtures/sample-main.ts', import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function run(env: Record<string, string>, args: readonly string[] = []) {
  const opsPort = await freePort();
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], OPS_PORT: String(opsPort), SAMPLE_TOKEN: 's3cr3t', SHUTDOWN_TIMEOUT_MS: '1000', ...env },
  });
  children.push(child);
  let output = '';
  const seen = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
      for (const check of seen) check();
    });
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const printed = (text: string): Promise<void> => {
    const found = Promise.withResolvers<void>();
    const check = () => {
      if (output.includes(text)) found.resolve();
    };
    seen.add(check);
    check();
    void exited.then(() => found.reject(new Error(`ended before printing ${text}:\n${output}`)));
    return found.promise;
  };
  return { child, exited, printed, output: () => output, get: (path: string) => fetch(`http://127.0.0.1:${opsPort}${path}`) };
}

test('running: doors answer; SIGTERM drains and exits 0', { timeout: 30_000 }, async () => {
  const service = await run({});
  await service.printed('"running"');
  assert.equal((await service.get('/live')).status, 200);
  assert.equal((await service.get('/ready')).status, 200);
  assert.match(await (await service.get('/metrics')).text(), /clinstream_service_state\{state="running"\} 1/);
  assert.equal((await service.get('/other')).status, 404);
  service.child.kill('SIGTERM');
  assert.deepEqual(await service.exited, { code: 0, signal: null });
});

test('not ready says why and stays alive', { timeout: 30_000 }, async () => {
  const service = await run({ MODE: 'unready' });
  await service.printed('not ready, waiting');
  const ready = await service.get('/ready');
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /dependency away/);
  assert.equal((await service.get('/live')).status, 200);
});

test('a component that hangs while stopping: exit 1 within the budget', { timeout: 30_000 }, async () => {
  const service = await run({ MODE: 'hangs' });
  await service.printed('"running"');
  service.child.kill('SIGINT');
  assert.equal((await service.exited).code, 1);
  assert.match(service.output(), /did not stop cleanly/);
});

test('a second signal exits 1 at once', { timeout: 30_000 }, async () => {
  const service = await run({ MODE: 'hangs', SHUTDOWN_TIMEOUT_MS: '600000' });
  await service.printed('"running"');
  service.child.kill('SIGTERM');
  await service.printed('"draining"');
  service.child.kill('SIGTERM');
  assert.equal((await service.exited).code, 1);
});

test('a fatal error and an unhandled rejection each drain and exit 1, without the foreign message', {
  timeout: 30_000,
}, async () => {
  for (const MODE of ['fatal', 'rejects']) {
    const service = await run({ MODE });
    assert.equal((await service.exited).code, 1);
    assert.ok(!service.output().includes('canary'), service.output());
    assert.match(service.output(), /"level":"fatal"/);
  }
});

test('what keeps the process alive after its end is named and ended with 1', { timeout: 30_000 }, async () => {
  const service = await run({ MODE: 'leaks' });
  await service.printed('"running"');
  service.child.kill('SIGTERM');
  assert.equal((await service.exited).code, 1);
  assert.match(service.output(), /something keeps the process alive/);
});

test('a wrong configuration prints all problems and exits 2; --help prints every setting and exits 0', {
  timeout: 30_000,
}, async () => {
  const wrong = await run({ OPS_PORT: 'x', MODE: 'y', SAMPLE_TOKEN: '' });
  assert.equal((await wrong.exited).code, 2);
  for (const name of ['OPS_PORT', 'MODE', 'SAMPLE_TOKEN']) assert.ok(wrong.output().includes(name));
  const help = await run({}, ['--help']);
  assert.equal((await help.exited).code, 0);
  assert.match(help.output(), /SAMPLE_TOKEN +a secret/);
});

test('a taken port is fatal', { timeout: 30_000 }, async () => {
  const first = await run({});
  await first.printed('"running"');
  const second = await run({ OPS_PORT: new URL((await first.get('/live')).url).port });
  assert.equal((await second.exited).code, 1);
  assert.match(second.output(), /PORT_UNAVAILABLE/);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { watchLeaks } from './leaks.ts';

test('names what was left open, and is content once it is closed', async () => {
  const noLeaks = watchLeaks();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  await assert.rejects(noLeaks(20), /left open: TCPServerWrap \+1/);
  server.close();
  await noLeaks();
});

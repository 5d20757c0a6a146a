import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepRunning } from './keep-running.ts';

test('starts again after every end, failed starts included, until told to stop', async () => {
  const stop = new AbortController();
  const lines: string[] = [];
  let starts = 0;
  const start = async () => {
    starts += 1;
    if (starts === 2) throw new Error('no port');
    if (starts === 3) stop.abort();
  };
  const kept = { exited: async () => 'exited with 1', start };
  await keepRunning({ name: 'api', kept, say: (line) => lines.push(line), stopping: stop.signal, firstPauseMs: 1 });
  assert.equal(starts, 3);
  assert.deepEqual(
    lines.map((line) => line.split(';')[0]),
    ['api exited with 1', 'api is back', 'api exited with 1', 'api did not start: no port', 'api is back'],
  );
});

test('does not start again when the end was wanted', async () => {
  const stop = new AbortController();
  stop.abort();
  const start = () => assert.fail('started');
  await keepRunning({
    name: 'api',
    kept: { exited: async () => 'exited with 0', start },
    say: () => assert.fail('said'),
    stopping: stop.signal,
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeError } from '../errors/classify.ts';
import { createPatience } from './patience.ts';

const away = () => runtimeError('DEPENDENCY_UNAVAILABLE', 'sink');

function setUp() {
  const changes: boolean[] = [];
  const patience = createPatience({
    stopping: new AbortController().signal,
    now: () => 0,
    onChange: ({ isOpen }) => changes.push(isOpen),
    backOff: { baseMs: 1, maxMs: 1 },
  });
  return { patience, changes };
}

test('away N-1 times, then back: said once each', async () => {
  const { patience, changes } = setUp();
  let tries = 0;
  const result = await patience.insist(
    async () => (++tries < 4 ? away() : 'stored'),
    () => true,
  );
  assert.deepEqual([result, tries, changes, patience.problem()], ['stored', 4, [false, true], null]);
});

test('what is not wanted any more leaves no problem behind once nothing else is insisted on', async () => {
  const { patience, changes } = setUp();
  let tries = 0;
  const result = await patience.insist(
    async () => away(),
    () => ++tries < 3,
  );
  assert.equal(result, null);
  assert.notEqual(patience.problem(), null, 'the rest of the batch may still want it');
  patience.rest();
  assert.deepEqual([patience.problem(), changes], [null, [false, true]]);
});

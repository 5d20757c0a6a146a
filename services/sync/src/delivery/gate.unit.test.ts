/** The gate: never more than so many inside, first come, first served, and nobody who gave up keeps a place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGate } from './gate.ts';

const never = new AbortController().signal;

test('at most so many are inside, and the others follow in the order they came', async () => {
  const gate = createGate(2);
  const leaving = [await gate.enter(never), await gate.enter(never)];
  const entered: string[] = [];
  const others = ['a', 'b', 'c'].map(async (name) => {
    const leave = await gate.enter(never);
    entered.push(name);
    return leave;
  });
  await Promise.resolve();
  assert.deepEqual([gate.inside(), entered], [2, []]);
  leaving[0]?.();
  leaving[0]?.();
  const first = await others[0];
  assert.deepEqual([gate.inside(), entered], [2, ['a']]);
  first?.();
  leaving[1]?.();
  await Promise.all(others.slice(1));
  assert.deepEqual([gate.inside(), entered], [2, ['a', 'b', 'c']]);
});

test('who gives up while waiting gets no place and takes none from the next', async () => {
  const gate = createGate(1);
  const leave = await gate.enter(never);
  const impatient = new AbortController();
  const gone = gate.enter(impatient.signal);
  const patient = gate.enter(never);
  impatient.abort();
  assert.equal(await gone, null);
  assert.equal(await gate.enter(impatient.signal), null);
  leave?.();
  assert.notEqual(await patient, null);
  assert.equal(gate.inside(), 1);
});

/** Whose fault: one patient alone never stops the others, and a server that fails for all never uses up their tries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBlame } from './blame.ts';

const { signal } = new AbortController();
const answers = async () => {};
const away = async () => Promise.reject(new Error('away'));

test('a server that does not answer is at fault at once', async () => {
  assert.equal(await createBlame(away).decide('p1', signal), 'server');
});

test('one patient alone, however often, is at fault itself while the server answers', async () => {
  const blame = createBlame(answers);
  for (let i = 0; i < 20; i++) assert.equal(await blame.decide('p1', signal), 'patient');
});

test('the third patient in a row without a success between blames the server, and so does every one after', async () => {
  const blame = createBlame(answers);
  const found = [];
  for (const patient of ['p1', 'p2', 'p3', 'p4', 'p1']) found.push(await blame.decide(patient, signal));
  assert.deepEqual(found, ['patient', 'patient', 'server', 'server', 'server']);
});

test('a success clears everybody', async () => {
  const blame = createBlame(answers);
  for (const patient of ['p1', 'p2', 'p3']) await blame.decide(patient, signal);
  blame.clear();
  assert.equal(await blame.decide('p4', signal), 'patient');
});

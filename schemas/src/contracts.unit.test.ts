import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deterministicId, sha256 } from './ids.ts';
import { formatLogPosition, parseLogPosition } from './log-position.ts';
import { parsePatientKey, patientKeyOf } from './patient-key.ts';
import { allTopics, laneOf, retryTiers, subjectOf } from './topics.ts';

const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((text) => text.normalize('NFC'));

test('a patient key gives its parts back, and no part can forge another key', () => {
  fc.assert(
    fc.property(part, part, part, (facility, authority, id) => {
      assert.deepEqual(parsePatientKey(patientKeyOf({ facility, authority, id })), { facility, authority, id });
    }),
  );
  assert.notEqual(
    patientKeyOf({ facility: 'a|b', authority: 'c', id: '1' }),
    patientKeyOf({ facility: 'a', authority: 'b|c', id: '1' }),
  );
});

test('what is no patient key is refused', () => {
  for (const text of ['', 'a', 'a|b', 'a|b|c|d', '|b|c', 'a|b|']) assert.equal(parsePatientKey(text), null, text);
});

test('an id is a version 5 UUID, the same for the same parts and no other', () => {
  assert.match(deterministicId('job', 'a'), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(deterministicId('job', 'a', 'b'), deterministicId('job', 'a', 'b'));
  assert.notEqual(deterministicId('job', 'ab', 'c'), deterministicId('job', 'a', 'bc'));
  assert.notEqual(deterministicId('job', 'a', ''), deterministicId('job', 'a'));
});

test('ids are frozen: another answer here would lose every repeat that is under way', () => {
  assert.equal(deterministicId('job', 'client', 'analyses', 'key-1'), '8f575cb6-778f-5551-8078-5b346a16be0b');
  assert.equal(sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('a log position survives its text, and other text is refused', () => {
  const position = { topic: 'analysis.requests.stat.v1', partition: 3, offset: 9_000_000_000 };
  assert.deepEqual(parseLogPosition(formatLogPosition(position)), position);
  for (const text of ['', 'a:1', 'a:x:1', 'a b:1:1', 'a:1:-1']) assert.equal(parseLogPosition(text), null, text);
});

test('asap shares the stat lane; what is not known is routine', () => {
  assert.deepEqual((['stat', 'asap', 'urgent', 'routine', 'unknown'] as const).map(laneOf), [
    'stat',
    'stat',
    'urgent',
    'routine',
    'routine',
  ]);
});

test('topics are named domain.stream.vN and tiers grow', () => {
  for (const topic of allTopics) assert.match(topic, /^[a-z]+(\.[a-z-]+)+\.v\d+$/);
  assert.equal(subjectOf('clinical.orders.v1'), 'clinical.orders.v1-value');
  const delays = retryTiers.map((tier) => tier.delayMs);
  assert.deepEqual(
    delays,
    delays.toSorted((a, b) => a - b),
  );
});

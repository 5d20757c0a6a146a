import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFrame } from './message.ts';
import { hl7, pid, placed, testChannel } from './test-support.ts';

test('6.13 text is normalised to NFC', () => {
  const channel = testChannel({ defaultCharset: 'UNICODE UTF-8' });
  const bytes = hl7({ segments: [pid.replace('Kim', '가'.normalize('NFD')), ...placed] });
  const read = readFrame(bytes, { ...channel });
  assert.ok(read.kind === 'message' && 'segments' in read.content);
  assert.match(read.content.segments[1]?.fields[5] ?? '', /^가\^/);
});

test('the digest leaves out the message time and nothing else', () => {
  const digestOf = (bytes: Buffer): string => {
    const read = readFrame(bytes, testChannel());
    assert.ok(read.kind === 'message');
    return read.identity.digest;
  };
  const base = digestOf(hl7());
  assert.equal(digestOf(hl7({ time: '20301231235959' })), base);
  for (const other of [hl7({ controlId: 'C2' }), hl7({ version: '2.5' }), hl7({ segments: [pid] })])
    assert.notEqual(digestOf(other), base);
});

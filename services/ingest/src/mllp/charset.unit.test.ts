import assert from 'node:assert/strict';
import { test } from 'node:test';
import iconv from 'iconv-lite';
import { charsetOf, decodeStrict } from './charset.ts';
import { readFrame } from './message.ts';
import { hl7, pid, placed, testChannel } from './test-support.ts';

const declared: readonly (readonly [msh18: readonly string[], charset: string | null])[] = [
  [[], 'ASCII'],
  [['""'], 'ASCII'],
  [['UNICODE UTF-8'], 'UNICODE UTF-8'],
  [['KS X 1001'], 'KS X 1001'],
  [['', 'KS X 1001'], 'KS X 1001'],
  [['ASCII', 'KS X 1001'], 'KS X 1001'],
  [['8859/1', 'KS X 1001'], null],
  [['UNICODE'], null],
  [['GB 18030-2000'], null],
];
for (const [msh18, charset] of declared) {
  test(`6.13 MSH-18 ${msh18.join('~') || 'absent'}`, () => assert.equal(charsetOf(msh18, 'ASCII'), charset));
}

test('6.13 Korean is decoded as CP949, also what KS X 1001 does not have', () => {
  assert.equal(decodeStrict(Buffer.from([0x8c, 0x63]), 'KS X 1001'), '똠');
  assert.equal(decodeStrict(Buffer.from([0xb0, 0xa1]), 'KS X 1001'), '가');
});

test('6.13 what cannot be decoded is an error in every character set, never a replacement', () => {
  assert.equal(decodeStrict(Buffer.from([0xc7]), 'KS X 1001'), null);
  assert.equal(decodeStrict(Buffer.from([0xff, 0xff]), 'KS X 1001'), null);
  assert.equal(decodeStrict(Buffer.from([0xb0, 0xa1]), 'UNICODE UTF-8'), null);
  assert.equal(decodeStrict(Buffer.from([0xe9]), 'ASCII'), null);
  assert.equal(decodeStrict(Buffer.from('\uFFFD'), 'UNICODE UTF-8'), null);
  assert.equal(decodeStrict(Buffer.from([0xe9]), '8859/1'), 'é');
});

test('4.1 no byte of a CP949 character is a separator or a framing byte', () => {
  const marks = new Set([...Buffer.from('|^~\\&\r\n')].concat([0x0b, 0x1c]));
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0; trail <= 0xff; trail++) {
      const text = iconv.decode(Buffer.from([lead, trail]), 'cp949');
      if (text.length === 1 && text !== '\uFFFD') assert.equal(marks.has(trail), false);
    }
  }
});

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

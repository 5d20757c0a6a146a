import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { charsetOf, charsets, decodeStrict, encodeStrict } from './charset.ts';

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

test('6.13 what KS X 1001 cannot say is an error: CP949 alone has it, or nobody', () => {
  assert.deepEqual(encodeStrict('가', 'KS X 1001'), Buffer.from([0xb0, 0xa1]));
  for (const text of ['똠', 'é', '김é', '😀', '\u0080', '\uE000', '\uFFFD', '\uD800'])
    assert.equal(encodeStrict(text, 'KS X 1001'), null, JSON.stringify(text));
});

test('6.13 ASCII, 8859/1 and UTF-8 say what they have and refuse the rest', () => {
  assert.deepEqual(encodeStrict('é', '8859/1'), Buffer.from([0xe9]));
  assert.equal(encodeStrict('é', 'ASCII'), null);
  assert.equal(encodeStrict('가', '8859/1'), null);
  assert.equal(encodeStrict('가', 'ASCII'), null);
  assert.equal(encodeStrict('\uD800', 'UNICODE UTF-8'), null);
});

test('6.13 a composed and a decomposed syllable are the same bytes', () => {
  assert.deepEqual(encodeStrict('가'.normalize('NFD'), 'KS X 1001'), encodeStrict('가', 'KS X 1001'));
});

test('6.13 whatever is encoded reads as itself, in every character set', () => {
  const unit = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 6 }), fc.constantFrom('가', '똠', 'é', '뷁', '한', 'a|b', '€'));
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 8 }), fc.constantFrom(...charsets), (parts, charset) => {
      const text = parts.join('');
      const bytes = encodeStrict(text, charset);
      if (bytes !== null) assert.equal(decodeStrict(bytes, charset), text.normalize('NFC'));
    }),
    { numRuns: 500 },
  );
});

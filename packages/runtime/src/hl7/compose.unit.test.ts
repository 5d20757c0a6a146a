import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { components, fieldText, messageText, segmentOf } from './compose.ts';
import { type HexDecoder, parseMessage, rawField, textAt, wholeText } from './tokens.ts';

const ascii: HexDecoder = (bytes) => String.fromCharCode(...bytes);
const header = segmentOf('MSH', { 3: 'A', 9: 'OML^O21' });
const read = (line: string) => parseMessage(messageText([header, line]), ascii).segments[1];

test('a segment has its values at their numbers, and MSH counts its separator', () => {
  assert.equal(header, 'MSH|^~\\&|A||||||OML^O21');
  assert.equal(segmentOf('ORC', { 9: 'x', 2: 'P1', 12: '' }), 'ORC||P1|||||||x');
  assert.equal(segmentOf('PV1', {}), 'PV1');
  assert.equal(components('a|b', null, 'c', null), 'a\\F\\b^^c');
});

test('6.13 any text written into a field is read as itself, line ends as line feeds', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.oneof(
          fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
          fc.constantFrom('\r', '\n', '\u000b', '\u001c', '|', '\\', '^', '가'),
        ),
      }),
      (raw) => {
        const text = raw.normalize('NFC');
        const line = segmentOf('NTE', { 1: '1', 3: fieldText(text) });
        assert.ok(!['\r', '\n', '\u000b', '\u001c'].some((mark) => line.includes(mark)));
        const nte = read(line);
        assert.ok(nte);
        assert.equal(wholeText(nte, 3, rawField(nte, 3)), text.replace(/\r\n?/g, '\n'));
      },
    ),
    { numRuns: 200 },
  );
});

test('components are read one by one', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 6 }), (parts) => {
      const line = segmentOf('PID', { 3: components(...parts) });
      const pid = read(line);
      assert.ok(pid);
      for (const [i, part] of parts.entries())
        assert.equal(textAt(pid, 3, { component: i + 1 }).normalize('NFC'), part.replace(/\r\n?/g, '\n').normalize('NFC').trim());
    }),
  );
});

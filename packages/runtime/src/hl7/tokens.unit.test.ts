import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hl7Message as PeerMessage } from '@medplum/core';
import fc from 'fast-check';
import { Hl7Fault } from './faults.ts';
import { escapeText, parseMessage, repetitionsOf, type Segment, textAt, valueAt } from './tokens.ts';

const segmentOf = (line: string, msh = 'MSH|^~\\&|A'): Segment => {
  const segment = parseMessage(`${msh}\r${line}`, (bytes) =>
    bytes.every((b) => b < 0x80) ? String.fromCharCode(...bytes) : null,
  ).segments[1];
  assert.ok(segment);
  return segment;
};

test('separators other than the usual ones, repetitions, subcomponents', () => {
  const segment = segmentOf('PID!!!1$$$X#Y$PI%2$$$Z$NI', 'MSH!$%?#!A');
  assert.equal(repetitionsOf(segment, 3).length, 2);
  assert.equal(textAt(segment, 3, { component: 4, subcomponent: 2 }), 'Y');
  assert.equal(textAt(segment, 3, { component: 4, repetition: 2 }), 'Z');
});

const escapes: readonly (readonly [sent: string, read: string])[] = [
  ['a\\F\\b', 'a|b'],
  ['a\\S\\b', 'a^b'],
  ['a\\T\\b', 'a&b'],
  ['a\\R\\b', 'a~b'],
  ['a\\E\\b', 'a\\b'],
  ['\\X414243\\', 'ABC'],
  ['one\\.br\\two', 'one\ntwo'],
  ['\\H\\bold\\N\\', 'bold'],
  ['C:\\temp', 'C:\\temp'],
  ['50\\% of\\', '50\\% of\\'],
  ['\\Zlocal\\', '\\Zlocal\\'],
  ['\\E\\F\\E\\', '\\F\\'],
];
for (const [sent, read] of escapes) {
  test(`escape ${sent}`, () => assert.equal(textAt(segmentOf(`NTE|1||${sent}`), 3), read));
}

test('an escape that cannot be decoded is a fault, never a replacement character', () => {
  assert.throws(() => textAt(segmentOf('NTE|1||\\XC8\\'), 3), Hl7Fault);
  assert.throws(() => textAt(segmentOf('NTE|1||\\M2442\\'), 3), Hl7Fault);
});

test('what is escaped reads as itself, under any separators', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.constantFrom('|^~\\&', '!$%?#', '#*+@='), (text, marks) => {
      const [field = '', component = '', repetition = '', escaping = '', subcomponent = ''] = marks;
      const separators = { field, component, repetition, escape: escaping, subcomponent };
      const line = ['NTE', '1', '', escapeText(text, separators)].join(field);
      assert.equal(textAt(segmentOf(line, `MSH${marks}${field}A`), 3), text.trim());
    }),
  );
});

test('fields as sent are those another parser sees', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'B', '1', ' ', '^', '~', '&', '.') });
  fc.assert(
    fc.property(fc.array(fc.array(part, { minLength: 1, maxLength: 6 }), { maxLength: 5 }), (rows) => {
      const text = ['MSH|^~\\&|A', ...rows.map((row) => `OBX|${row.join('|')}`)].join('\r');
      const peer = PeerMessage.parse(text);
      const ours = parseMessage(text, () => null);
      for (const [i, segment] of ours.segments.entries()) {
        // MSH counts its fields differently there.
        for (let field = 1; i > 0 && field < segment.fields.length; field++) {
          assert.equal(segment.fields[field], peer.segments[i]?.getField(field)?.toString() ?? '');
          assert.equal(textAt(segment, field), (peer.segments[i]?.getComponent(field, 1, 0) ?? '').split('&')[0]?.trim());
        }
      }
    }),
  );
});

test('a deleted value is not an absent one, and neither says anything', () => {
  const segment = segmentOf('PID|1||""||');
  assert.equal(textAt(segment, 3), '""');
  assert.equal(valueAt(segment, 3), null);
  assert.equal(valueAt(segment, 4), null);
});

test('CR LF and LF end segments where senders use them; an LF inside a CR message is content', () => {
  for (const end of ['\r', '\r\n', '\n'])
    assert.equal(parseMessage(['MSH|^~\\&|A', 'PID|1', ''].join(end), () => null).segments.length, 2);
  assert.equal(textAt(segmentOf('NTE|1||one\ntwo'), 3), 'one\ntwo');
});

test('any text is a message or a fault', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `MSH|^~\\&|${text}`),
        fc.string().map((text) => `MSH${text}`),
      ),
      (text) => {
        try {
          for (const segment of parseMessage(text, () => null).segments)
            for (const field of segment.fields.keys()) textAt(segment, field);
        } catch (error) {
          assert.ok(error instanceof Hl7Fault);
        }
      },
    ),
    { numRuns: 500 },
  );
});

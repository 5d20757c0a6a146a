import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ageYearsAt, createZone, parseTime } from './time.ts';

const seoul = createZone('Asia/Seoul');
const times: readonly (readonly [text: string, iso: string | null])[] = [
  ['2026', '2026'],
  ['202611', '2026-11'],
  ['20261122', '2026-11-22'],
  ['2026112213', '2026-11-22T13:00+09:00'],
  ['202611221301', '2026-11-22T13:01+09:00'],
  ['20261122130102', '2026-11-22T13:01:02+09:00'],
  ['20261122130102.1234', '2026-11-22T13:01:02.1234+09:00'],
  ['20261122130102+0000', '2026-11-22T13:01:02+00:00'],
  ['20261122130102-0330', '2026-11-22T13:01:02-03:30'],
  ['20260229', null],
  ['20261122240000', null],
  ['2026112', null],
  ['yesterday', null],
  ['20261122130102+9900', null],
];
for (const [text, iso] of times) {
  test(`6.14 time ${text} is ${iso ?? 'none'}`, () => assert.equal(parseTime(text, seoul)?.iso ?? null, iso));
}

test('6.14 a zone with summer time: the offset of the day, on both sides of the change', () => {
  const berlin = createZone('Europe/Berlin');
  const iso = (text: string) => parseTime(text, berlin)?.iso.slice(-6);
  assert.deepEqual(['20260115120000', '20260715120000', '20260329010000', '20260329040000'].map(iso), [
    '+01:00',
    '+02:00',
    '+01:00',
    '+02:00',
  ]);
});

test('6.14 milliseconds of a time agree with its text', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('1950-01-01T00:00:00Z'), max: new Date('2090-01-01T00:00:00Z'), noInvalidDate: true }),
      (date) => {
        const text = `${date.toISOString().replace(/[-:TZ]/g, '')}+0000`;
        const time = parseTime(text, seoul);
        assert.equal(time?.epochMs, date.getTime());
        assert.equal(Date.parse(time?.iso ?? ''), date.getTime());
      },
    ),
  );
});

test('age counts whole years in the zone, and needs a whole birth date', () => {
  const at = Date.parse('2026-11-22T23:30:00+09:00');
  assert.deepEqual(
    ['1970-11-22', '1970-11-23', '1970', '1970-11', null].map((date) => ageYearsAt(date, at, seoul)),
    [56, 55, null, null, null],
  );
});

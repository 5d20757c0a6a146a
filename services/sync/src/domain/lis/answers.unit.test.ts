/** Facts 6.1 as a table: an answer as it stands on the wire, and what it means. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AnswerRule } from './channel.ts';
import { classifyReply } from './classify-reply.ts';
import type { Control } from './memo.ts';
import { readReply } from './read-reply.ts';
import { testChannel } from './test-support.ts';

type Parts = {
  readonly code: string;
  readonly err?: string;
  readonly orc?: string;
  readonly environment?: string;
  readonly msa6?: string;
};
const wire = ({ code, err, orc, environment = 'P', msa6 = '' }: Parts): string =>
  [
    `MSH|^~\\&|LIS|LAB|CLINSTREAM|HOSP|20261122||ORL^O22^ORL_O22|A1|${environment}|2.5.1`,
    `MSA|${code}|C1||||${msa6}`,
    ...(err === undefined ? [] : [err]),
    ...(orc === undefined ? [] : ['PID|1', orc]),
  ].join('\r');

const meaning = (control: Control, parts: Parts, answers: Readonly<Record<string, AnswerRule>> = {}): string => {
  const reply = readReply(wire(parts));
  assert.ok(reply);
  const result = classifyReply(reply, { control, placerNumber: 'P1' }, { processingId: 'P', answers });
  return 'code' in result ? `${result.kind} ${result.code}` : result.kind;
};
const err = (condition: number) => `ERR||ORC^1^2|${condition}^text^HL70357|E`;

const retry = 'retry LIS_NOT_NOW';
const parked = 'park LIS_REFUSED_MESSAGE';
const table: readonly (readonly [rule: string, control: Control, parts: Parts, expected: string])[] = [
  ['6.1 AA', 'NW', { code: 'AA' }, 'accepted'],
  ['6.1 CA', 'NW', { code: 'CA' }, 'accepted'],
  ['6.1 ERR-3 206', 'NW', { code: 'AE', err: err(206) }, retry],
  ['6.1 ERR-3 207', 'NW', { code: 'AE', err: err(207) }, retry],
  ['6.1 ERR-3 207 with CR', 'NW', { code: 'CR', err: err(207) }, retry],
  ['6.1 ERR-3 205', 'NW', { code: 'AE', err: err(205) }, 'number_known'],
  ['6.1 ERR-3 205 with UA', 'NW', { code: 'AE', err: err(205), orc: 'ORC|UA|P1^OCS' }, 'number_known'],
  ['6.1 ERR-3 205 of an amendment', 'XO', { code: 'AE', err: err(205) }, parked],
  ...[100, 101, 102, 103, 200, 201, 202, 203, 204].map(
    (condition) => [`6.1 ERR-3 ${condition}`, 'NW', { code: 'AR', err: err(condition) }, parked] as const,
  ),
  ['6.1 no ERR, CE', 'NW', { code: 'CE' }, retry],
  ['6.1 no ERR, AR', 'NW', { code: 'AR' }, retry],
  ['6.1 no ERR, AE', 'NW', { code: 'AE' }, parked],
  ['6.1 no ERR, CR', 'NW', { code: 'CR' }, parked],
  ['6.1 ERR-3 0 says nothing', 'NW', { code: 'AR', err: err(0) }, retry],
  ['6.1 before 2.5: ERR-1.4', 'NW', { code: 'AR', err: 'ERR|PID^1^3^207&Application internal error&HL70357' }, retry],
  ['6.1 before 2.5: MSA-6', 'NW', { code: 'AR', msa6: '103^Table value not found^HL70357' }, parked],
  ['6.6 NW OK', 'NW', { code: 'AA', orc: 'ORC|OK|P1^OCS|F1' }, 'accepted'],
  ['6.6 NW NA', 'NW', { code: 'AA', orc: 'ORC|NA|P1^OCS|F1' }, 'accepted'],
  ['6.6 NW UA', 'NW', { code: 'AA', orc: 'ORC|UA|P1^OCS' }, 'park LIS_REFUSED_ORDER'],
  ['6.6 NW UA with AE', 'NW', { code: 'AE', orc: 'ORC|UA|P1^OCS' }, 'park LIS_REFUSED_ORDER'],
  ['6.6 NW OC: ended of its own accord', 'NW', { code: 'AA', orc: 'ORC|OC|P1^OCS|F1' }, 'cancelled'],
  ['6.6 XO XR', 'XO', { code: 'AA', orc: 'ORC|XR|P1^OCS|F1' }, 'accepted'],
  ['6.6 XO UX', 'XO', { code: 'AA', orc: 'ORC|UX|P1^OCS|F1' }, 'park LIS_REFUSED_AMENDMENT'],
  ['6.6 CA CR', 'CA', { code: 'AA', orc: 'ORC|CR|P1^OCS|F1' }, 'cancelled'],
  ['6.6 CA UC', 'CA', { code: 'AA', orc: 'ORC|UC|P1^OCS|F1' }, 'cancel_refused'],
  ['6.6 CA UC with AE', 'CA', { code: 'AE', err: err(204), orc: 'ORC|UC|P1^OCS|F1' }, 'cancel_refused'],
  ['6.6 CA OK: taken, not cancelled', 'CA', { code: 'AA', orc: 'ORC|OK|P1^OCS|F1' }, 'accepted'],
  ['6.6 CA answered by a plain ACK: taken, not cancelled', 'CA', { code: 'AA' }, 'accepted'],
  ['6.6 DC DR', 'DC', { code: 'AA', orc: 'ORC|DR|P1^OCS|F1' }, 'cancelled'],
  ['6.6 DC UD', 'DC', { code: 'AA', orc: 'ORC|UD|P1^OCS|F1' }, 'cancel_refused'],
  ['6.6 DC OC', 'DC', { code: 'AA', orc: 'ORC|OC|P1^OCS|F1' }, 'cancelled'],
  ['6.6 SC with ORC-5 CA', 'CA', { code: 'AA', orc: 'ORC|SC|P1^OCS|F1||CA' }, 'cancelled'],
  ['6.6 a word that answers nothing we asked', 'NW', { code: 'AA', orc: 'ORC|RE|P1^OCS' }, 'doubtful LIS_ANSWER_UNEXPECTED'],
  ['6.6 negative, and yet "cancelled"', 'CA', { code: 'AE', orc: 'ORC|CR|P1^OCS' }, parked],
  ['4.3 about another order', 'NW', { code: 'AA', orc: 'ORC|OK|P2^OCS' }, 'doubtful LIS_ANSWER_OTHER_ORDER'],
  ['4.3 without any number', 'NW', { code: 'AA', orc: 'ORC|OK' }, 'accepted'],
  ['4.3 the number in OBR alone', 'NW', { code: 'AA', orc: 'ORC|UA\rOBR|1|P1^OCS' }, 'park LIS_REFUSED_ORDER'],
  ['6.16 from a test system', 'NW', { code: 'AA', environment: 'T' }, 'doubtful LIS_ANSWER_OTHER_ENVIRONMENT'],
];
for (const [rule, control, parts, expected] of table) {
  test(`${rule} to ${control}: ${expected}`, () => assert.equal(meaning(control, parts), expected));
}

const overrides: readonly (readonly [answers: Readonly<Record<string, AnswerRule>>, parts: Parts, expected: string])[] = [
  [{ 207: 'park' }, { code: 'AR', err: err(207) }, parked],
  [{ 103: 'retry' }, { code: 'AE', err: err(103) }, retry],
  [{ 205: 'park' }, { code: 'AE', err: err(205) }, parked],
  [{ AE: 'retry' }, { code: 'AE' }, retry],
  [{ AE: 'retry' }, { code: 'AE', err: err(103) }, parked],
  [{ AR: 'park' }, { code: 'AR' }, parked],
];
for (const [answers, parts, expected] of overrides) {
  test(`6.1 by channel: ${JSON.stringify(answers)}, ${parts.code} ${parts.err ?? ''}: ${expected}`, () =>
    assert.equal(meaning('NW', parts, answers), expected));
}

test('numbers of the laboratory are read, free texts are not', () => {
  const reply = readReply(
    wire({ code: 'AE', err: 'ERR||PID^1^5|101^x^HL70357|E||||patient Kim unknown', orc: 'ORC|UA|P1^OCS|F1^LAB' }),
  );
  assert.equal(reply?.orders[0]?.fillerNumber, 'F1');
  assert.ok(!JSON.stringify(reply).includes('Kim'));
});

test('what is no acknowledgement is null', () => {
  for (const text of [
    '',
    'MSA|AA|C1',
    'MSH|^~\\&|A\rPID|1',
    'MSH|^~\\&|A\rMSA|ZZ|C1',
    'MSH',
    'MSH|^~\\&|A\rMSA|AA|C1\rMSH|^~\\&|A',
  ])
    assert.equal(readReply(text), null);
});

test('any text is a reply or none, and every reply has a meaning', () => {
  const part = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('AA', 'AE', 'C1', '207', '^', 'ORC', 'ERR', '\\X', '\\'));
  const segment = fc
    .tuple(fc.constantFrom('MSA', 'ERR', 'ORC', 'OBR', 'ZZZ', 'x'), fc.array(part, { maxLength: 8 }))
    .map(([name, parts]) => [name, ...parts].join('|'));
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), fc.constantFrom('NW', 'XO', 'CA', 'DC'), (segments, control) => {
      const reply = readReply(['MSH|^~\\&|LIS', 'MSA|AE|C1', ...segments].join('\r'));
      if (reply !== null) assert.ok(classifyReply(reply, { control, placerNumber: 'P1' }, testChannel).kind);
    }),
    { numRuns: 500 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObservationValue } from '@clinstream/contracts';
import fc from 'fast-check';
import { complementOf, isUcum, percentOf, quantityOrText, referenceRangeOf, wordsOfPercent } from './quantity.ts';
import { systems } from './systems.ts';
import { ucumUnits } from './testing/everything.ts';

const value = (change: Partial<ObservationValue>): ObservationValue => ({
  numeric: null,
  comparator: null,
  text: null,
  unit: null,
  ...change,
});

for (const unit of ucumUnits) test(`${unit} is UCUM`, () => assert.ok(isUcum(unit)));
const words = [
  'x10^3/uL',
  'mmHg',
  'mEq/L',
  'mcg/mL',
  'IU/L',
  'cells/uL',
  'mg%',
  'sec',
  '10e3/uL',
  'mg / dL',
  '/',
  '',
  'mg//dL',
  '개/uL',
  '{',
  'K/uL}',
  'per HPF',
];
for (const unit of words) test(`'${unit}' is no UCUM`, () => assert.ok(!isUcum(unit)));

test('a long unit made to be slow is looked at once', () => {
  assert.ok(!isUcum(`${'m'.repeat(30)}${'{a}'.repeat(10)}!`));
  assert.ok(!isUcum('m'.repeat(100_000)));
});

const ranges: readonly (readonly [text: string, low: number | undefined, high: number | undefined])[] = [
  ['70-110', 70, 110],
  ['3.5 - 5.1', 3.5, 5.1],
  ['-2.0-2.0', -2, 2],
  ['-5--1', -5, -1],
  ['70~110', 70, 110],
  ['70–110', 70, 110],
  ['70 to 110', 70, 110],
  ['<=5', undefined, 5],
  ['>= 60', 60, undefined],
  ['≤5', undefined, 5],
  // Exclusive bounds are no bounds of FHIR's; the rest is not one number to another.
  ['<5', undefined, undefined],
  ['>60', undefined, undefined],
  ['110-70', undefined, undefined],
  ['1,000-2,000', undefined, undefined],
  ['1:40', undefined, undefined],
  ['10-20-30', undefined, undefined],
  ['M 13-17 / F 12-16', undefined, undefined],
  ['negative', undefined, undefined],
  ['1e3-2e3', undefined, undefined],
  ['70-', undefined, undefined],
];
for (const [text, low, high] of ranges) {
  test(`range '${text}' is ${low ?? '…'} to ${high ?? '…'}, and stands as sent`, () => {
    const range = referenceRangeOf(text, value({ numeric: 1, unit: 'mg/dL' }));
    assert.deepEqual([range?.low?.value, range?.high?.value, range?.text], [low, high, text]);
    if (low !== undefined) assert.deepEqual(range?.low, { value: low, unit: 'mg/dL', system: systems.ucum, code: 'mg/dL' });
  });
}

test('the range of a result in words has no bounds; an empty range is none', () => {
  assert.deepEqual(referenceRangeOf('70-110', value({ text: 'hemolysed' })), { text: '70-110' });
  assert.equal(referenceRangeOf('  ', value({ numeric: 1 })), null);
  assert.equal(referenceRangeOf(null, value({ numeric: 1 })), null);
});

test('a comparator that FHIR does not know never leaves a bare number', () => {
  assert.deepEqual(quantityOrText(value({ numeric: 5, comparator: '~', unit: 'mg' })), { valueString: '~ 5 mg' });
  assert.deepEqual(quantityOrText(value({ numeric: 5, comparator: '<=' })), { valueQuantity: { value: 5, comparator: '<=' } });
});

test('what is neither number nor text is no value', () => {
  assert.equal(quantityOrText(value({})), null);
  assert.equal(quantityOrText(value({ text: ' \n' })), null);
  assert.equal(quantityOrText(value({ numeric: Number.NaN })), null);
  assert.equal(quantityOrText(value({ numeric: Number.POSITIVE_INFINITY, text: 'huge' }))?.constructor, Object);
});

test('a share is a percentage without binary digits, and its rest', () => {
  for (const [share, percent] of [
    [0.87, 87],
    [0.07, 7],
    [0.575, 57.5],
    [0, 0],
    [1, 100],
    [1e-9, 1e-7],
  ] as const) {
    assert.equal(percentOf(share), percent);
  }
  assert.equal(complementOf(0.9), 0.1);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
      const percent = percentOf(share);
      assert.ok(percent >= 0 && percent <= 100 && Math.abs(percent / 100 - share) < 1e-9);
    }),
  );
});

test('in words the nearly certain is not certain', () => {
  assert.deepEqual([0.9999, 1, 0.0001, 0, 0.8732].map(wordsOfPercent), ['over 99.9 %', '100 %', 'under 0.1 %', '0 %', '87.3 %']);
});

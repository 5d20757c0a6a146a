import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { validateInputs } from './validate-inputs.ts';

const manifest = {
  inputs: [
    { name: 'radius', codes: [], unit: 'um', minimum: 5, maximum: 30, required: true },
    { name: 'texture', codes: [], unit: '1', minimum: 0, maximum: 50, required: true },
    { name: 'area/mean', codes: [], unit: 'um2', minimum: 0, maximum: 3000, required: false },
  ],
};

test('values come out in the manifest order, whatever order they were sent in', () => {
  const checked = validateInputs(manifest, { 'area/mean': { value: 700, unit: 'um2' }, texture: 20, radius: 14.5 });
  assert.deepEqual(checked, { ok: true, value: [14.5, 20, 700] });
});

test('an absent optional input is never filled in: it travels as NaN', () => {
  const checked = validateInputs(manifest, { radius: 5, texture: 50 });
  assert.deepEqual(checked, { ok: true, value: [5, 50, Number.NaN] });
});

test('all faults are told at once, each with pointer, code and what was expected', () => {
  const checked = validateInputs(manifest, { radius: 31, 'area/mean': { value: 1, unit: 'mm2' }, colour: 4 });
  assert.deepEqual(checked, {
    ok: false,
    faults: [
      { pointer: '/inputs/radius', code: 'OUT_OF_RANGE', expected: { unit: 'um', minimum: 5, maximum: 30 } },
      { pointer: '/inputs/texture', code: 'MISSING', expected: { unit: '1', minimum: 0, maximum: 50 } },
      { pointer: '/inputs/area~1mean', code: 'WRONG_UNIT', expected: { unit: 'um2', minimum: 0, maximum: 3000 } },
      { pointer: '/inputs/colour', code: 'UNKNOWN_INPUT' },
    ],
  });
});

for (const [what, value] of [
  ['text that looks like a number', '14.5'],
  ['true', true],
  ['a list', [14.5]],
  ['a number too large for a double', JSON.parse('1e999')],
  ['an object without a value', { unit: 'um' }],
] as const) {
  test(`${what} is not a number`, () => {
    const checked = validateInputs(manifest, { radius: value, texture: 1 });
    assert.equal(checked.ok ? null : checked.faults[0]?.code, 'NOT_A_NUMBER');
  });
}

test('inherited names are no inputs', () => {
  const checked = validateInputs({ inputs: [{ ...manifest.inputs[0], name: 'toString' } as never] }, {});
  assert.equal(checked.ok ? null : checked.faults[0]?.code, 'MISSING');
});

test('no fault ever repeats a value', () => {
  fc.assert(
    fc.property(fc.double({ min: 31, noNaN: true, noDefaultInfinity: true }), fc.string({ minLength: 6 }), (number, text) => {
      const checked = validateInputs(manifest, { radius: number, texture: text, 'area/mean': { value: 1, unit: text } });
      assert.equal(checked.ok, false);
      const told = JSON.stringify(checked.ok ? [] : checked.faults.map(({ pointer, code }) => [pointer, code]));
      assert.deepEqual(
        told,
        '[["/inputs/radius","OUT_OF_RANGE"],["/inputs/texture","NOT_A_NUMBER"],["/inputs/area~1mean","WRONG_UNIT"]]',
      );
    }),
  );
});

test('a flood of undeclared names makes a bounded answer', () => {
  const inputs = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`${'x'.repeat(500)}${i}`, 1]));
  const checked = validateInputs(manifest, inputs);
  assert.ok(!checked.ok && JSON.stringify(checked.faults).length < 4000);
});

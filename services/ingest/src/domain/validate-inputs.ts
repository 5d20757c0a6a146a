/**
 * A request's named input values against what the model declares, shared by HTTP and MLLP. In: the manifest and the values as they
 * came; out: the feature vector in the manifest's order, or *all* faults at once. Nothing is converted, coerced or filled in:
 * a missing required input is a fault, and an absent optional one travels as NaN, which no runner can mistake for a measurement.
 */
import type { ModelInput, ModelManifest } from '@clinstream/contracts';
import { type Checked, type Expected, type Fault, type FaultCode, pointerTo } from './fault.ts';

/** A bare number is in the declared unit; with a unit beside it, the unit must be the declared one, letter for letter (UCUM is case-sensitive). */
export type InputValue = number | { readonly value: number; readonly unit: string };

export function validateInputs(
  manifest: Pick<ModelManifest, 'inputs'>,
  inputs: Readonly<Record<string, unknown>>,
  parent = '/inputs',
): Checked<readonly number[]> {
  const faults: Fault[] = [];
  let present = 0;
  const features = manifest.inputs.map((input) => {
    const given = Object.hasOwn(inputs, input.name);
    if (given) present++;
    const read = readValue(input, given ? inputs[input.name] : undefined);
    if (typeof read === 'number') return read;
    faults.push({ pointer: pointerTo(parent, input.name), code: read.code, expected: expectedOf(input) });
    return Number.NaN;
  });
  if (present < Object.keys(inputs).length) faults.push(...undeclared(manifest, inputs, parent));
  return faults.length === 0 ? { ok: true, value: features } : { ok: false, faults };
}

function readValue(input: ModelInput, raw: unknown): number | { readonly code: FaultCode } {
  if (raw === undefined || raw === null) return input.required ? { code: 'MISSING' } : Number.NaN;
  const value = typeof raw === 'object' ? (raw as { value?: unknown }).value : raw;
  if (typeof value !== 'number' || !Number.isFinite(value)) return { code: 'NOT_A_NUMBER' };
  if (typeof raw === 'object' && (raw as { unit?: unknown }).unit !== input.unit) return { code: 'WRONG_UNIT' };
  return value < input.minimum || value > input.maximum ? { code: 'OUT_OF_RANGE' } : value;
}

/** Enough to see what is wrong; an answer never grows with the nonsense sent. */
const maxUndeclaredNamed = 20;

function undeclared(manifest: Pick<ModelManifest, 'inputs'>, inputs: Readonly<Record<string, unknown>>, parent: string): Fault[] {
  const declared = new Set(manifest.inputs.map((input) => input.name));
  return Object.keys(inputs)
    .filter((name) => !declared.has(name))
    .slice(0, maxUndeclaredNamed)
    .map((name) => ({ pointer: pointerTo(parent, name), code: 'UNKNOWN_INPUT' }));
}

const expectedOf = ({ unit, minimum, maximum }: ModelInput): Expected => ({ unit, minimum, maximum });

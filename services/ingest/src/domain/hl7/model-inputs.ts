/**
 * The OBX of an order against a model's declared inputs (facts 6.5, 6.14). Matched by (code, system, unit) to the letter; only OBX-11 F and C count.
 * Anything unusable is one `InputProblem`: it fails the analysis, never the order. Nothing is converted or filled in. Pure.
 */
import type { InputProblem, ModelInput, ModelManifest } from '@clinstream/contracts';
import { type Segment, textAt, valueAt } from '@clinstream/runtime/hl7';
import { validateInputs } from '../validate-inputs.ts';
import { codingsAt, observationValueOf } from './values.ts';

export type MappedInputs = {
  /** In the manifest's order; empty when there is a problem. */
  readonly features: readonly number[];
  readonly problem: InputProblem | null;
  /** The OBX the features came from. */
  readonly used: readonly Segment[];
};

type Found = {
  readonly input: ModelInput;
  readonly obx: Segment;
  readonly value: { readonly value: number; readonly unit: string };
};

export function mapInputs(manifest: ModelManifest, observations: readonly Segment[]): MappedInputs {
  const found = manifest.inputs.map((input) => find(input, observations)).filter((one) => one !== null);
  const problem = found.find((one) => 'code' in one);
  if (problem) return { features: [], problem, used: [] };
  const usable = found.filter((one): one is Found => 'obx' in one);
  const checked = validateInputs(manifest, Object.fromEntries(usable.map(({ input, value }) => [input.name, value])));
  if (checked.ok) return { features: checked.value, problem: null, used: usable.map(({ obx }) => obx) };
  const [fault] = checked.faults;
  return {
    features: [],
    problem: problemOf(fault?.code ?? 'MISSING', fault?.pointer.slice('/inputs/'.length) ?? null),
    used: [],
  };
}

const problemOf = (reason: string, input: string | null): InputProblem => ({ code: `INPUT_${reason}`, input });

function find(input: ModelInput, observations: readonly Segment[]): Found | InputProblem | null {
  const named = observations.filter((obx) => isNamed(input, obx));
  const final = named.filter((obx) => ['F', 'C'].includes(textAt(obx, 11)));
  const [obx] = final;
  if (named.length === 0) return null;
  if (obx === undefined) return problemOf('NOT_FINAL', input.name);
  if (final.length > 1) return problemOf('DUPLICATE', input.name);
  const { numeric, comparator } = observationValueOf(obx);
  if (comparator !== null) return problemOf('NOT_EXACT', input.name);
  if (numeric === null || !['NM', 'SN'].includes(textAt(obx, 2))) return problemOf('NOT_A_NUMBER', input.name);
  return { input, obx, value: { value: numeric, unit: unitOf(input, obx) } };
}

const isNamed = (input: ModelInput, obx: Segment): boolean =>
  codingsAt(obx, 3).some((coding) => input.codes.some(({ system, code }) => coding.system === system && coding.code === code));

/** UCUM letter by letter; a unit from another system is another unit. No unit at all is UCUM's 1. */
function unitOf(input: ModelInput, obx: Segment): string {
  const unit = valueAt(obx, 6);
  if (unit === null) return '1';
  const system = textAt(obx, 6, { component: 3 });
  return system === '' || system === 'UCUM' || input.codes.some((code) => code.system === system) ? unit : `${unit} (${system})`;
}

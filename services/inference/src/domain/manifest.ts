/** What a manifest must hold before its model may run. Pure; reports every problem at once. */

type Unknowns = Readonly<Record<string, unknown>>;

/** Problems of a parsed manifest.json that stands in folder `<name>/<version>`; empty when it may be trusted as a ModelManifest. */
export function manifestProblems(value: unknown, folder: { readonly name: string; readonly version: string }): readonly string[] {
  if (!isRecord(value)) return ['is not an object'];
  return [
    ...(value['name'] === folder.name ? [] : ['name differs from its folder']),
    ...(value['version'] === folder.version ? [] : ['version differs from its folder']),
    ...textProblems(value, ['title', 'file', 'digest', 'licence']),
    ...(value['kind'] === 'diagnosis' || value['kind'] === 'risk' ? [] : ['kind is neither diagnosis nor risk']),
    ...(typeof value['demonstration'] === 'boolean' ? [] : ['demonstration is missing']),
    ...inputProblems(value['inputs']),
    ...outputProblems(value['outputs']),
    ...evidenceProblems(value['evidence']),
    ...populationProblems(value['population']),
    ...limitProblems(value['limits']),
  ];
}

function inputProblems(inputs: unknown): readonly string[] {
  if (!Array.isArray(inputs) || inputs.length === 0) return ['inputs are missing'];
  const names = inputs.map((input) => (isRecord(input) ? input['name'] : undefined));
  const repeated = new Set(names).size === names.length ? [] : ['an input name stands twice'];
  return [
    ...repeated,
    ...inputs.flatMap((input, index) => (isInput(input) ? [] : [`input ${index} is incomplete or has minimum > maximum`])),
  ];
}

const isInput = (input: unknown): boolean =>
  isRecord(input) &&
  typeof input['name'] === 'string' &&
  typeof input['unit'] === 'string' &&
  typeof input['required'] === 'boolean' &&
  Array.isArray(input['codes']) &&
  isNumber(input['minimum']) &&
  isNumber(input['maximum']) &&
  input['minimum'] <= input['maximum'];

function outputProblems(outputs: unknown): readonly string[] {
  if (!isRecord(outputs)) return ['outputs are missing'];
  const threshold = outputs['threshold'];
  return [
    ...textProblems(outputs, ['positive', 'negative']),
    ...(isNumber(threshold) && threshold >= 0 && threshold <= 1 ? [] : ['threshold is not within 0..1']),
  ];
}

function evidenceProblems(evidence: unknown): readonly string[] {
  if (evidence === null) return [];
  if (!isRecord(evidence)) return ['evidence is missing (null means none)'];
  return [
    ...(evidence['method'] === 'tree-shap' ? [] : ['evidence method is not tree-shap']),
    ...textProblems(evidence, ['file', 'digest']),
    ...(typeof evidence['default'] === 'boolean' ? [] : ['evidence default is missing']),
  ];
}

function populationProblems(population: unknown): readonly string[] {
  if (!isRecord(population)) return ['population is missing'];
  const { minimumAgeYears, maximumAgeYears, sexes } = population;
  const ages = [minimumAgeYears, maximumAgeYears].every((age) => age === null || isNumber(age));
  return ages && (sexes === null || Array.isArray(sexes))
    ? []
    : ['population needs minimumAgeYears, maximumAgeYears and sexes (null means any)'];
}

function limitProblems(limits: unknown): readonly string[] {
  if (!isRecord(limits)) return ['limits are missing'];
  const { softTimeoutMs, hardTimeoutMs, attempts } = limits;
  const sensible =
    isNumber(softTimeoutMs) &&
    isNumber(hardTimeoutMs) &&
    isNumber(attempts) &&
    softTimeoutMs > 0 &&
    softTimeoutMs <= hardTimeoutMs &&
    attempts >= 1;
  return sensible ? [] : ['limits need 0 < softTimeoutMs <= hardTimeoutMs and attempts >= 1'];
}

const textProblems = (value: Unknowns, names: readonly string[]): readonly string[] =>
  names.filter((name) => typeof value[name] !== 'string' || value[name] === '').map((name) => `${name} is missing`);

const isRecord = (value: unknown): value is Unknowns => typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

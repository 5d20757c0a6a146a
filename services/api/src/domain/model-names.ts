/** Looks up what models say of themselves. Pure. */
import { inputSetOf, type ModelManifest } from '@clinstream/contracts';

export type ModelNames = {
  readonly all: readonly ModelManifest[];
  find(name: string | null, version: string | null): ModelManifest | null;
  /** The inputs in the order this digest stands for, null when no known model has it. */
  inputsOf(name: string | null, inputSet: string): ModelManifest['inputs'] | null;
};

export function createModelNames(all: readonly ModelManifest[]): ModelNames {
  const bySet = new Map(all.map((manifest) => [`${manifest.name} ${inputSetOf(manifest)}`, manifest.inputs]));
  return {
    all,
    find: (name, version) => all.find((manifest) => manifest.name === name && manifest.version === version) ?? null,
    inputsOf: (name, inputSet) => bySet.get(`${name} ${inputSet}`) ?? null,
  };
}

/** Inputs whose answers are known: the 569 cases of the model and what scikit-learn said of each. */
import { readFileSync } from 'node:fs';
import type { ModelManifest } from '@clinstream/contracts';

const folder = new URL('../../../models/breast-cancer/1.0.0/', import.meta.url);
export const manifest = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as ModelManifest;

const doubles = (name: string): Float64Array => {
  const bytes = readFileSync(new URL(`fixtures/${name}.f64`, folder));
  return Float64Array.from({ length: bytes.length / 8 }, (_, index) => bytes.readDoubleLE(index * 8));
};
const inputs = doubles('inputs');
const probabilities = doubles('probabilities');
const width = manifest.inputs.length;

const rowOf = (index: number): number => index % probabilities.length;

/** In the order the model declares. */
export const featuresOf = (index: number): number[] => [...inputs.subarray(rowOf(index) * width, (rowOf(index) + 1) * width)];

export const inputsOf = (index: number): Record<string, number> =>
  Object.fromEntries(featuresOf(index).map((value, column) => [manifest.inputs[column]?.name ?? '', value]));

/** Of malignancy. */
export const probabilityOf = (index: number): number => probabilities[rowOf(index)] ?? Number.NaN;

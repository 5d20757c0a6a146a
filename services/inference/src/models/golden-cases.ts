/** The 569 cases of the breast cancer model and what Python said of them (models/breast-cancer/train.py). Test-only. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const modelsDirectory = fileURLToPath(new URL('../../../../models', import.meta.url));
const fixtures = new URL('../../../../models/breast-cancer/1.0.0/fixtures/', import.meta.url);

export type GoldenCases = {
  readonly count: number;
  readonly inputCount: number;
  /** cases × inputs, row-major, in the published double precision. */
  readonly inputs: Float64Array;
  /** scikit-learn's predict_proba and decision_function. */
  readonly probabilities: Float64Array;
  readonly margins: Float64Array;
  /** Python shap's TreeExplainer, cases × inputs. */
  readonly shap: Float64Array;
  readonly baseValue: number;
  featuresOf(row: number): number[];
};

export function readGoldenCases(): GoldenCases {
  const described = JSON.parse(readFileSync(new URL('fixtures.json', fixtures), 'utf8')) as {
    cases: number;
    baseValue: number;
    arrays: { inputs: { shape: [number, number] } };
  };
  const [count, inputCount] = described.arrays.inputs.shape;
  const inputs = doubles('inputs');
  return {
    count,
    inputCount,
    inputs,
    probabilities: doubles('probabilities'),
    margins: doubles('margins'),
    shap: doubles('shap'),
    baseValue: described.baseValue,
    featuresOf: (row) => [...inputs.subarray(row * inputCount, (row + 1) * inputCount)],
  };
}

function doubles(name: string): Float64Array {
  const bytes = readFileSync(new URL(`${name}.f64`, fixtures));
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(i * 8));
}

export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let max = 0;
  for (let i = 0; i < a.length; i++) max = Math.max(max, Math.abs((a[i] as number) - (b[i] as number)));
  return max;
}

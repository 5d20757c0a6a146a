/**
 * Exact path-dependent SHAP values of one tree, for trees of any shape. Pure, double precision, no division by what may be zero.
 *
 * A leaf is a game of its own: with the inputs in S known, the tree's expectation counts the leaf with
 *   value · Π(j in S) follows_j · Π(j not in S) share_j
 * where follows_j is 1 if every comparison of input j on the way agrees with the case, and share_j is the share of training cases that do.
 * Input j's Shapley value of that game is value · (follows_j − share_j) · Σ_s w(s, m) · c_s, c_s being the coefficient of z^s in
 * Π(k ≠ j) (share_k + follows_k·z), m the number of different inputs on the way, w(s, m) = s!(m−1−s)!/m!. The tree is the sum of its leaves.
 * Cost per leaf: m³ for m inputs on the way. Tables (pattern-tables.ts) make it a look-up for small trees.
 */
import { at, type LeafPath } from './trees.ts';

/** Adds the tree's SHAP values to `into` (one per input). `goesLeft` is the outcome of each inner node's comparison for the case. */
export function addTreeShap(
  paths: readonly LeafPath[],
  goesLeft: (node: number) => boolean,
  into: Float64Array | number[],
): void {
  for (const path of paths) addLeafShap(path, goesLeft, into);
}

function addLeafShap(path: LeafPath, goesLeft: (node: number) => boolean, into: Float64Array | number[]): void {
  const { features, shares, follows } = perFeature(path, goesLeft);
  const count = features.length;
  for (let j = 0; j < count; j++) {
    const coefficients = productWithout(j, shares, follows);
    let sum = 0;
    for (let s = 0; s < count; s++) sum += shapleyWeight(s, count) * at(coefficients, s);
    const feature = at(features, j);
    into[feature] = at(into, feature) + path.value * (at(follows, j) - at(shares, j)) * sum;
  }
}

/** Steps on the same input belong together: known or unknown, they are so all at once. */
function perFeature(
  path: LeafPath,
  goesLeft: (node: number) => boolean,
): { features: number[]; shares: number[]; follows: number[] } {
  const features: number[] = [];
  const shares: number[] = [];
  const follows: number[] = [];
  for (const step of path.steps) {
    const agrees = goesLeft(step.node) === step.goesLeft ? 1 : 0;
    const known = features.indexOf(step.feature);
    if (known === -1) {
      features.push(step.feature);
      shares.push(step.share);
      follows.push(agrees);
    } else {
      shares[known] = at(shares, known) * step.share;
      follows[known] = at(follows, known) * agrees;
    }
  }
  return { features, shares, follows };
}

/** Coefficients of the product over k ≠ skipped of (share_k + follows_k·z), lowest power first. */
function productWithout(skipped: number, shares: readonly number[], follows: readonly number[]): number[] {
  const coefficients = [1];
  for (let k = 0; k < shares.length; k++) {
    if (k === skipped) continue;
    coefficients.push(0);
    for (let power = coefficients.length - 1; power >= 0; power--) {
      const lower = power === 0 ? 0 : at(coefficients, power - 1) * at(follows, k);
      coefficients[power] = at(coefficients, power) * at(shares, k) + lower;
    }
  }
  return coefficients;
}

/** s!(m−1−s)!/m! */
function shapleyWeight(s: number, m: number): number {
  let weight = 1 / m;
  for (let i = 1; i <= s; i++) weight *= i / (m - i);
  return weight;
}

/** Arbitrary trees for tests, and SHAP values worked out from their definition. Test-only. */
import fc from 'fast-check';
import { at, isLeaf, type Tree } from './trees.ts';

export type Grown = { readonly feature: number; readonly threshold: number; readonly left: Branch; readonly right: Branch };
export type Branch = Grown | { readonly value: number; readonly cover: number };

/** Trees of any shape up to `depth`, the same input possibly several times on a way down. */
export const anyTree = (features: number, depth: number): fc.Arbitrary<Tree> => anyBranch(features, depth).map(toTree);

const anyLeaf = fc.record({ value: fc.double({ min: -5, max: 5, noNaN: true }), cover: fc.integer({ min: 1, max: 50 }) });

function anyBranch(features: number, depth: number): fc.Arbitrary<Branch> {
  if (depth === 0) return anyLeaf;
  const below = anyBranch(features, depth - 1);
  const inner = fc.record({
    feature: fc.nat(features - 1),
    threshold: fc.integer({ min: -3, max: 3 }),
    left: below,
    right: below,
  });
  return fc.oneof({ weight: 1, arbitrary: anyLeaf }, { weight: 5, arbitrary: inner });
}

function toTree(branch: Branch): Tree {
  const tree = {
    left: [] as number[],
    right: [] as number[],
    feature: [] as number[],
    threshold: [] as number[],
    value: [] as number[],
    cover: [] as number[],
  };
  const add = (one: Branch): number => {
    const node = tree.left.length;
    const isEnd = 'value' in one;
    tree.left.push(-1);
    tree.right.push(-1);
    tree.feature.push(isEnd ? -2 : one.feature);
    tree.threshold.push(isEnd ? -2 : one.threshold);
    tree.value.push(isEnd ? one.value : 0);
    tree.cover.push(isEnd ? one.cover : 0);
    if (isEnd) return node;
    const left = add(one.left);
    const right = add(one.right);
    tree.left[node] = left;
    tree.right[node] = right;
    tree.cover[node] = at(tree.cover, left) + at(tree.cover, right);
    return node;
  };
  add(branch);
  return tree;
}

/** What the tree expects when only the inputs in `known` (a bit set) are known: unknown ones are averaged by cover. */
export function expectation(tree: Tree, row: readonly number[], known: number, node = 0): number {
  if (isLeaf(tree, node)) return at(tree.value, node);
  const feature = at(tree.feature, node);
  const [left, right] = [at(tree.left, node), at(tree.right, node)];
  if ((known & (1 << feature)) !== 0) {
    return expectation(tree, row, known, at(row, feature) <= at(tree.threshold, node) ? left : right);
  }
  const share = at(tree.cover, left) / at(tree.cover, node);
  return share * expectation(tree, row, known, left) + (1 - share) * expectation(tree, row, known, right);
}

/** Shapley's own sum over all subsets of the other inputs. */
export function shapByDefinition(tree: Tree, row: readonly number[]): number[] {
  const m = row.length;
  return row.map((_, feature) => {
    let sum = 0;
    for (let known = 0; known < 1 << m; known++) {
      if ((known & (1 << feature)) !== 0) continue;
      const size = [...Array(m).keys()].filter((i) => (known & (1 << i)) !== 0).length;
      const weight = (factorial(size) * factorial(m - size - 1)) / factorial(m);
      sum += weight * (expectation(tree, row, known | (1 << feature)) - expectation(tree, row, known));
    }
    return sum;
  });
}

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createExplainer } from './explainer.ts';
import { maxTableNodes } from './pattern-tables.ts';
import { anyTree, shapByDefinition } from './random-trees.ts';
import { addTreeShap } from './tree-shap.ts';
import { at, expectedValue, innerNodes, leafPaths, leafValue, parseTrees, type Tree } from './trees.ts';

const features = 5;
const anyRow = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: features, maxLength: features });
const compare = (tree: Tree, row: readonly number[]) => (node: number) =>
  at(row, at(tree.feature, node)) <= at(tree.threshold, node);

const assertNear = (seen: ArrayLike<number>, wanted: ArrayLike<number>, limit = 1e-10): void => {
  assert.equal(seen.length, wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    assert.ok(Math.abs(at(seen, i) - at(wanted, i)) <= limit, `value ${i}: ${at(seen, i)} is not ${at(wanted, i)}`);
  }
};

describe('tree SHAP', () => {
  it('is what the definition of Shapley values gives, on any tree and any row', () => {
    fc.assert(
      fc.property(anyTree(features, 4), anyRow, (tree, row) => {
        const values = new Float64Array(features);
        addTreeShap(leafPaths(tree), compare(tree, row), values);
        assertNear(values, shapByDefinition(tree, row));
      }),
      { numRuns: 300 },
    );
  });

  it('adds up: expected value and SHAP values make the value of the leaf the row ends at', () => {
    fc.assert(
      fc.property(anyTree(features, 5), anyRow, (tree, row) => {
        const values = new Float64Array(features);
        addTreeShap(leafPaths(tree), compare(tree, row), values);
        const sum = values.reduce((all, one) => all + one, expectedValue(tree));
        assertNear([sum], [leafValue(tree, compare(tree, row))]);
      }),
    );
  });

  it('is the same by table, without a table, and in blocks of any size', () => {
    const anyTrees = fc.array(anyTree(features, 6), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anyTrees, fc.array(anyRow, { minLength: 1, maxLength: 20 }), (trees, rows) => {
        const explainer = createExplainer({ inputCount: features, initialMargin: 0.25, trees });
        const { values, margins } = explainer.explain(Float32Array.from(rows.flat()), rows.length);
        for (const [i, row] of rows.entries()) {
          const wanted = new Float64Array(features);
          for (const tree of trees) addTreeShap(leafPaths(tree), compare(tree, row), wanted);
          assertNear(values.subarray(i * features, (i + 1) * features), wanted);
          assertNear([wanted.reduce((all, one) => all + one, explainer.baseValue)], [at(margins, i)]);
        }
      }),
    );
  });

  it('meets trees on both sides of the table limit in the property above', () => {
    const sizes = fc.sample(anyTree(features, 6), { numRuns: 300, seed: 1 }).map((tree) => innerNodes(tree).length);
    assert.ok(sizes.some((size) => size > maxTableNodes) && sizes.some((size) => size > 0 && size <= maxTableNodes));
  });

  it('explains more rows than one block holds', () => {
    const tree = {
      left: [1, -1, -1],
      right: [2, -1, -1],
      feature: [0, -2, -2],
      threshold: [0.5, 0, 0],
      value: [0, -1, 3],
      cover: [4, 3, 1],
    };
    const explainer = createExplainer({ inputCount: 1, initialMargin: 1, trees: [tree] });
    const rows = 1_300;
    const { values, margins } = explainer.explain(
      Float32Array.from({ length: rows }, (_, i) => i % 2),
      rows,
    );
    assert.equal(explainer.baseValue, 1);
    assert.deepEqual([...values.slice(0, 2), ...values.slice(rows - 2)], [-1, 3, -1, 3]);
    assert.deepEqual([...margins.slice(-2)], [0, 4]);
  });

  it('compares as scikit-learn does: equal goes left', () => {
    const tree = {
      left: [1, -1, -1],
      right: [2, -1, -1],
      feature: [0, -2, -2],
      threshold: [0.5, 0, 0],
      value: [0, -1, 1],
      cover: [2, 1, 1],
    };
    const { margins } = createExplainer({ inputCount: 1, initialMargin: 0, trees: [tree] }).explain(
      Float32Array.of(0.5, 0.50000006),
      2,
    );
    assert.deepEqual([...margins], [-1, 1]);
  });
});

describe('trees document', () => {
  const leaf = { left: [-1], right: [-1], feature: [-2], threshold: [-2], value: [1], cover: [1] };
  const good = { format: 'clinstream.trees.v1', inputs: 2, initialMargin: 0, trees: [leaf] };

  it('is read when it is whole', () => {
    assert.equal(parseTrees(good, 2).trees.length, 1);
  });

  for (const [what, document] of [
    ['another format', { ...good, format: 'x' }],
    ['another number of inputs', { ...good, inputs: 3 }],
    ['no trees', { ...good, trees: [] }],
    ['columns of different length', { ...good, trees: [{ ...leaf, cover: [] }] }],
    ['a value that is no number', { ...good, trees: [{ ...leaf, value: [null] }] }],
    ['a node that is its own child', { ...good, trees: [{ ...leaf, left: [0], right: [0], feature: [0] }] }],
    ['a node no case reached', { ...good, trees: [{ ...leaf, cover: [0] }] }],
  ] as const) {
    it(`is refused with ${what}`, () => {
      assert.throws(() => parseTrees(document, 2));
    });
  }
});

/**
 * SHAP by look-up. What a tree says of a case depends only on how its comparisons come out; a tree with n of them has at most 2^n patterns.
 * So the exact values of every pattern are worked out once (tree-shap.ts), and a case costs n comparisons and one entry per input of the tree.
 * Works column by column over a block of cases: short loops over typed arrays without branches (the outcome of a comparison is used as a
 * number; as a branch it cost half the speed). Figures: ADR 0006.
 */
import { addTreeShap } from './tree-shap.ts';
import { at, innerNodes, leafPaths, leafValue, type Tree } from './trees.ts';

/** Above this a table (2^10 entries per input) costs more memory than it saves time. */
export const maxTableNodes = 10;

export type PatternTable = {
  /** Bit i of a pattern is set where comparison i goes left. */
  readonly comparisons: readonly { readonly feature: number; readonly threshold: number }[];
  /** For each input the tree looks at, its SHAP value per pattern. */
  readonly columns: readonly { readonly feature: number; readonly values: Float64Array }[];
  /** Leaf value per pattern. */
  readonly margins: Float64Array;
};

export function buildPatternTable(tree: Tree): PatternTable {
  const nodes = innerNodes(tree);
  const bitOf = new Map(nodes.map((node, bit) => [node, 1 << bit]));
  const paths = leafPaths(tree);
  const patterns = 2 ** nodes.length;
  const features = [...new Set(nodes.map((node) => at(tree.feature, node)))];
  const columns = features.map((feature) => ({ feature, values: new Float64Array(patterns) }));
  const margins = new Float64Array(patterns);
  const all = new Float64Array(Math.max(-1, ...features) + 1);
  for (let pattern = 0; pattern < patterns; pattern++) {
    const goesLeft = (node: number): boolean => (pattern & (bitOf.get(node) ?? 0)) !== 0;
    all.fill(0);
    addTreeShap(paths, goesLeft, all);
    for (const { feature, values } of columns) values[pattern] = at(all, feature);
    margins[pattern] = leafValue(tree, goesLeft);
  }
  const comparisons = nodes.map((node) => ({ feature: at(tree.feature, node), threshold: at(tree.threshold, node) }));
  return { comparisons, columns, margins };
}

/** A block of cases, column by column, and the sums of what is said of them. */
export type Block = {
  readonly rows: number;
  readonly inputs: readonly Float32Array[];
  readonly shap: readonly Float64Array[];
  readonly margins: Float64Array;
  readonly patterns: Int32Array;
};

/** Adds the tree's SHAP values and margin of every case in the block. */
export function addByTable(table: PatternTable, block: Block): void {
  const { rows, patterns } = block;
  patterns.fill(0, 0, rows);
  for (const [bit, { feature, threshold }] of table.comparisons.entries()) {
    markLeft(block.inputs[feature] as Float32Array, threshold, bit, patterns, rows);
  }
  for (const { feature, values } of table.columns) addLookedUp(values, patterns, block.shap[feature] as Float64Array, rows);
  addLookedUp(table.margins, patterns, block.margins, rows);
}

function markLeft(inputs: Float32Array, threshold: number, bit: number, patterns: Int32Array, rows: number): void {
  for (let row = 0; row < rows; row++) {
    patterns[row] = (patterns[row] as number) | (Number((inputs[row] as number) <= threshold) << bit);
  }
}

function addLookedUp(values: Float64Array, patterns: Int32Array, into: Float64Array, rows: number): void {
  for (let row = 0; row < rows; row++) into[row] = (into[row] as number) + (values[patterns[row] as number] as number);
}

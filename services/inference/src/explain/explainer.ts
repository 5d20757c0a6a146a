/**
 * SHAP values of a whole tree ensemble, in margin space (log-odds), double precision.
 * Promise: for every row, base value + sum of values = margin, up to rounding (about 1e-14), and both come from the same trees.
 */
import { addByTable, type Block, buildPatternTable, maxTableNodes, type PatternTable } from './pattern-tables.ts';
import { addTreeShap } from './tree-shap.ts';
import { at, expectedValue, innerNodes, type LeafPath, leafPaths, leafValue, type Tree, type TreeEnsemble } from './trees.ts';

export type Explanation = {
  /** rows × inputs, row-major. */
  readonly values: Float64Array;
  readonly margins: Float64Array;
};

export type Explainer = {
  readonly baseValue: number;
  /** Explains the first `rows` rows of a row-major matrix of float32 inputs. Not re-entrant: its scratch block is reused. */
  explain(inputs: Float32Array, rows: number): Explanation;
};

/** Rows worked on at a time; 128, 256 and 512 measured 260 k, 285 k and 460 k rows/s. */
const blockRows = 512;

type LargeTree = { readonly tree: Tree; readonly paths: readonly LeafPath[] };

export function createExplainer(ensemble: TreeEnsemble): Explainer {
  const isSmall = (tree: Tree): boolean => innerNodes(tree).length <= maxTableNodes;
  const tables: readonly PatternTable[] = ensemble.trees.filter(isSmall).map(buildPatternTable);
  const large: readonly LargeTree[] = ensemble.trees
    .filter((tree) => !isSmall(tree))
    .map((tree) => ({ tree, paths: leafPaths(tree) }));
  const baseValue = ensemble.trees.reduce((sum, tree) => sum + expectedValue(tree), ensemble.initialMargin);
  const width = ensemble.inputCount;
  const scratch = createBlock(width);
  return {
    baseValue,
    explain: (inputs, rows) => {
      const explanation = { values: new Float64Array(rows * width), margins: new Float64Array(rows) };
      for (let from = 0; from < rows; from += blockRows) {
        const block = load(scratch, inputs, from, Math.min(blockRows, rows - from));
        block.margins.fill(ensemble.initialMargin);
        for (const table of tables) addByTable(table, block);
        for (const tree of large) addByWalking(tree, block);
        store(block, from, explanation);
      }
      return explanation;
    },
  };
}

const createBlock = (width: number): Block => ({
  rows: 0,
  inputs: Array.from({ length: width }, () => new Float32Array(blockRows)),
  shap: Array.from({ length: width }, () => new Float64Array(blockRows)),
  margins: new Float64Array(blockRows),
  patterns: new Int32Array(blockRows),
});

function load(scratch: Block, inputs: Float32Array, from: number, rows: number): Block {
  const width = scratch.inputs.length;
  for (const [feature, column] of scratch.inputs.entries()) {
    for (let row = 0; row < rows; row++) column[row] = inputs[(from + row) * width + feature] as number;
  }
  for (const column of scratch.shap) column.fill(0);
  return { ...scratch, rows };
}

function store(block: Block, from: number, { values, margins }: Explanation): void {
  const width = block.shap.length;
  for (const [feature, column] of block.shap.entries()) {
    for (let row = 0; row < block.rows; row++) values[(from + row) * width + feature] = column[row] as number;
  }
  margins.set(block.margins.subarray(0, block.rows), from);
}

/** The way without a table, for trees with too many comparisons. */
function addByWalking({ tree, paths }: LargeTree, block: Block): void {
  const values = new Float64Array(block.shap.length);
  for (let row = 0; row < block.rows; row++) {
    const goesLeft = (node: number): boolean => at(block.inputs[at(tree.feature, node)] ?? [], row) <= at(tree.threshold, node);
    values.fill(0);
    addTreeShap(paths, goesLeft, values);
    for (const [feature, column] of block.shap.entries()) column[row] = at(column, row) + at(values, feature);
    block.margins[row] = at(block.margins, row) + leafValue(tree, goesLeft);
  }
}

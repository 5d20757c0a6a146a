/**
 * The tree structure of a model as train.py writes it (`clinstream.trees.v1`), checked once when it is read.
 * A case is a row of float32 inputs; it goes left where `input <= threshold`, compared in double precision, exactly as scikit-learn does.
 */

/** One tree as parallel arrays; node 0 is the root; a leaf has left and right -1. */
export type Tree = {
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly feature: readonly number[];
  readonly threshold: readonly number[];
  /** Log-odds a leaf adds. */
  readonly value: readonly number[];
  /** Weight of the training cases that reached the node. */
  readonly cover: readonly number[];
};

export type TreeEnsemble = { readonly inputCount: number; readonly initialMargin: number; readonly trees: readonly Tree[] };

/** A path from the root to a leaf. */
export type LeafPath = { readonly value: number; readonly steps: readonly PathStep[] };
export type PathStep = {
  readonly node: number;
  readonly feature: number;
  readonly goesLeft: boolean;
  /** Share of the node's training cases that took this step. */
  readonly share: number;
};

/** Throws Error saying what is wrong with the document. */
export function parseTrees(document: unknown, inputCount: number): TreeEnsemble {
  const { format, inputs, initialMargin, trees } = (document ?? {}) as Readonly<Record<string, unknown>>;
  if (format !== 'clinstream.trees.v1') throw new Error('not a clinstream.trees.v1 document');
  if (inputs !== inputCount) throw new Error('the trees are for another number of inputs');
  if (typeof initialMargin !== 'number' || !Array.isArray(trees) || trees.length === 0)
    throw new Error('initialMargin or trees are missing');
  for (const [index, tree] of trees.entries()) if (!isTree(tree, inputCount)) throw new Error(`tree ${index} is not well formed`);
  return { inputCount, initialMargin, trees: trees as Tree[] };
}

/** Every leaf with its way down. Leaves of trees no case ever took (cover 0) cannot occur. */
export function leafPaths(tree: Tree): readonly LeafPath[] {
  const paths: LeafPath[] = [];
  const descend = (node: number, steps: readonly PathStep[]): void => {
    if (isLeaf(tree, node)) {
      paths.push({ value: at(tree.value, node), steps });
      return;
    }
    const feature = at(tree.feature, node);
    const step = (child: number, goesLeft: boolean): void =>
      descend(child, [...steps, { node, feature, goesLeft, share: at(tree.cover, child) / at(tree.cover, node) }]);
    step(at(tree.left, node), true);
    step(at(tree.right, node), false);
  };
  descend(0, []);
  return paths;
}

/** Mean of the tree over the training cases. */
export const expectedValue = (tree: Tree): number =>
  leafPaths(tree).reduce((sum, path) => sum + path.value * path.steps.reduce((share, step) => share * step.share, 1), 0);

/** Nodes that compare, in node order. */
export const innerNodes = (tree: Tree): readonly number[] => tree.left.flatMap((left, node) => (left === -1 ? [] : [node]));

export const isLeaf = (tree: Tree, node: number): boolean => at(tree.left, node) === -1;

/** The leaf value a case ends at, given the outcome of each comparison. */
export function leafValue(tree: Tree, goesLeft: (node: number) => boolean): number {
  let node = 0;
  while (!isLeaf(tree, node)) node = at(goesLeft(node) ? tree.left : tree.right, node);
  return at(tree.value, node);
}

/** An element that parseTrees has made sure exists. */
export const at = (values: ArrayLike<number>, index: number): number => values[index] as number;

function isTree(value: unknown, inputCount: number): boolean {
  const tree = value as Tree;
  const columns = [tree?.left, tree?.right, tree?.feature, tree?.threshold, tree?.value, tree?.cover];
  const count = tree?.left?.length ?? 0;
  if (
    count === 0 ||
    !columns.every((column) => Array.isArray(column) && column.length === count && column.every(Number.isFinite))
  )
    return false;
  const isChild = (child: number, node: number): boolean => Number.isInteger(child) && child > node && child < count;
  return tree.left.every((left, node) => {
    const right = at(tree.right, node);
    if (at(tree.cover, node) <= 0) return false;
    if (left === -1) return right === -1;
    const feature = at(tree.feature, node);
    return isChild(left, node) && isChild(right, node) && Number.isInteger(feature) && feature >= 0 && feature < inputCount;
  });
}

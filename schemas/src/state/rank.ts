/** Lexicographic order of rank tuples of equal length: negative when a is older, 0 when equal, positive when a is newer. Pure. */
export function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

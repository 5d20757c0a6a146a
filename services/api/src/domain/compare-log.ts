/**
 * What the projection knows of a partition against what the log holds (design 8). Pure.
 *
 *   other cluster id stored              not the log we knew     fatal
 *   log ends before the stored offset    not the log we knew     fatal, unless the offset moves right now: then look again
 *   log starts after the stored offset   retention took records  a gap: recorded, alarmed, go on from the log's start
 *   otherwise                            go on from the stored offset; a partition never seen begins at the log's start
 */
export type LogBounds = { readonly logStartOffset: number; readonly logEndOffset: number };
export type KnownOffset = { readonly nextOffset: number; readonly moving: boolean };

export type LogVerdict =
  | { readonly kind: 'continue'; readonly nextOffset: number }
  | { readonly kind: 'first-sight'; readonly nextOffset: number }
  | { readonly kind: 'gap'; readonly fromOffset: number; readonly nextOffset: number }
  | { readonly kind: 'log-too-short' }
  | { readonly kind: 'look-again' };

export function compareLog(known: KnownOffset | null, { logStartOffset, logEndOffset }: LogBounds): LogVerdict {
  if (known === null) return { kind: 'first-sight', nextOffset: logStartOffset };
  if (logEndOffset < known.nextOffset) return { kind: known.moving ? 'look-again' : 'log-too-short' };
  if (logStartOffset > known.nextOffset) return { kind: 'gap', fromOffset: known.nextOffset, nextOffset: logStartOffset };
  return { kind: 'continue', nextOffset: known.nextOffset };
}

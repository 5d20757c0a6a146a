/**
 * What we know of a partition against what the log holds (as the sink does, ADR 0004). Pure.
 *
 *   never seen                           begin at the log's start; tell nobody anything before its present end is read
 *   log ends before the stored offset    not the log we knew: fatal, unless another instance moves it right now
 *   log starts after the stored offset   retention took records: a gap, recorded and alarmed
 *   otherwise                            go on from the stored offset
 */
export type LogBounds = { readonly logStartOffset: number; readonly logEndOffset: number };
export type KnownOffset = { readonly nextOffset: number; readonly moving: boolean };

export type LogVerdict =
  | { readonly kind: 'continue' | 'first-sight'; readonly nextOffset: number }
  | { readonly kind: 'gap'; readonly fromOffset: number; readonly nextOffset: number }
  | { readonly kind: 'log-too-short' | 'look-again' };

export function compareLog(known: KnownOffset | null, { logStartOffset, logEndOffset }: LogBounds): LogVerdict {
  if (known === null) return { kind: 'first-sight', nextOffset: logStartOffset };
  const { nextOffset, moving } = known;
  if (logEndOffset < nextOffset) return { kind: moving ? 'look-again' : 'log-too-short' };
  if (logStartOffset > nextOffset) return { kind: 'gap', fromOffset: nextOffset, nextOffset: logStartOffset };
  return { kind: 'continue', nextOffset };
}

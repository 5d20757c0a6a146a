/**
 * What the sink tells those who wait: which jobs ended and which only moved. A hint, never the truth: a notice may be lost, and one that
 * would be too long says only `many`. Pure.
 */
export type Notice = { readonly ended: readonly string[]; readonly moved: readonly string[] };

/** Postgres refuses payloads of 8,000 bytes and more. */
const maxBytes = 7_500;

/** Empty when nothing changed. */
export function formatNotice({ ended, moved }: Notice): string {
  const ids = ended.length + moved.length;
  if (ids === 0) return '';
  // No need to render ten thousand ids to see that they are too many.
  if (ids * 4 > maxBytes) return 'many';
  const text = JSON.stringify({ ended, moved });
  return new TextEncoder().encode(text).length > maxBytes ? 'many' : text;
}

/** Null for "look at everything you wait for": many jobs, or nothing we understand. */
export function parseNotice(text: string | null): Notice | null {
  if (text === null || !text.startsWith('{')) return null;
  try {
    const { ended, moved } = JSON.parse(text) as Partial<Notice>;
    return Array.isArray(ended) && Array.isArray(moved) ? { ended, moved } : null;
  } catch {
    return null;
  }
}

/** Where the next page begins: time and id of the last row shown, opaque to callers. Pure. */
export type Cursor = { readonly at: number; readonly id: string };

const alphabet = /^[A-Za-z0-9_-]+$/;

export function formatCursor({ at, id }: Cursor): string {
  return btoa(Array.from(new TextEncoder().encode(JSON.stringify([at, id])), (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Null when the text is no cursor of ours. */
export function parseCursor(text: string): Cursor | null {
  if (!alphabet.test(text)) return null;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
    const parts: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (!Array.isArray(parts)) return null;
    const [at, id] = parts as readonly unknown[];
    return Number.isSafeInteger(at) && typeof id === 'string' ? { at: at as number, id } : null;
  } catch {
    return null;
  }
}

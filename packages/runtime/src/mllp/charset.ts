/**
 * Bytes to text and back by MSH-18 (table 0211) or a channel's default. Strict both ways: what cannot be decoded or encoded is an error, never
 * U+FFFD or `?` (facts 6.13). Korean is decoded as CP949, the superset of KS X 1001 that senders really use, and encoded as KS X 1001 itself.
 */
import iconv from 'iconv-lite';

export const charsets = ['ASCII', '8859/1', 'UNICODE UTF-8', 'KS X 1001'] as const;
export type Charset = (typeof charsets)[number];

const aliases: Readonly<Record<string, Charset>> = {
  ASCII: 'ASCII',
  '8859/1': '8859/1',
  'UNICODE UTF-8': 'UNICODE UTF-8',
  'UTF-8': 'UNICODE UTF-8',
  UTF8: 'UNICODE UTF-8',
  'KS X 1001': 'KS X 1001',
  KSX1001: 'KS X 1001',
  'EUC-KR': 'KS X 1001',
  CP949: 'KS X 1001',
};

/**
 * The character set of a message. `declared` are the repetitions of MSH-18: the first is the default set; a second is accepted when the first
 * is absent or ASCII, which every set here contains. Null when we do not know it.
 */
export function charsetOf(declared: readonly string[], fallback: Charset): Charset | null {
  const known = declared.filter((name) => name !== '' && name !== '""').map((name) => aliases[name.toUpperCase()] ?? null);
  if (known.includes(null)) return null;
  const wide = new Set(known.filter((name) => name !== 'ASCII'));
  const [first] = wide;
  if (wide.size > 1) return null;
  return first ?? known[0] ?? fallback;
}

const decoders: Readonly<Record<Charset, (bytes: Uint8Array) => string>> = {
  ASCII: (bytes) => (bytes.some((byte) => byte > 0x7f) ? '\uFFFD' : latin1(bytes)),
  '8859/1': latin1,
  'UNICODE UTF-8': (bytes) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
  'KS X 1001': (bytes) => iconv.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 'cp949'),
};

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The text, or null when the bytes are not text of this set. A U+FFFD the sender wrote is damage done before us: refused too. */
export function decodeStrict(bytes: Uint8Array, charset: Charset): string | null {
  const text = decoders[charset](bytes);
  return text.includes('\uFFFD') ? null : text;
}

const encoders: Readonly<Record<Charset, (text: string) => Buffer>> = {
  ASCII: (text) => Buffer.from(text, 'latin1'),
  '8859/1': (text) => Buffer.from(text, 'latin1'),
  'UNICODE UTF-8': (text) => Buffer.from(text, 'utf8'),
  'KS X 1001': (text) => iconv.encode(text, 'cp949'),
};

/** The bytes of the text normalised to NFC, or null when this set cannot say it: then nothing may be sent. */
export function encodeStrict(text: string, charset: Charset): Buffer | null {
  const composed = text.normalize('NFC');
  const bytes = encoders[charset](composed);
  if (charset === 'KS X 1001' && !isKsX1001(bytes)) return null;
  return decodeStrict(bytes, charset) === composed ? bytes : null;
}

/** Outside ASCII only pairs of the 94 by 94 plane, without the rows left to users: CP949 puts its own characters beside it. */
function isKsX1001(bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const lead = bytes[i] ?? 0;
    if (lead < 0x80) continue;
    i++;
    const trail = bytes[i] ?? 0;
    if (lead < 0xa1 || lead === 0xc9 || lead >= 0xfe || trail < 0xa1 || trail > 0xfe) return false;
  }
  return true;
}

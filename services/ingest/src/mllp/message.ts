/**
 * One frame to what it is: a readable message, a message with the fault it deserves, or bytes that are no message at all. Pure but for the decoders.
 *
 * The bytes are read twice. First as Latin-1, byte for byte: this *wire* view finds MSH whatever the character set, and what an answer repeats
 * is taken from it, so that a peer gets its own bytes back. Then decoded strictly and normalised to NFC: this is what is mapped.
 */
import { deterministicId, sha256 } from '@clinstream/contracts';
import {
  at,
  type Fault,
  type HexDecoder,
  Hl7Fault,
  type Hl7Message,
  parseMessage,
  repetitionsOf,
  type Segment,
  textAt,
} from '@clinstream/runtime/hl7';
import { type Charset, charsetOf, decodeStrict } from '@clinstream/runtime/mllp';
import { checkHeader, type Header, type HeaderRules, readHeader } from '../domain/hl7/header.ts';

export type MessageIdentity = {
  /** Transport identity (design 4): listener, MSH-3, MSH-4, MSH-10 and the digest. */
  readonly messageId: string;
  /** sha-256 of the bytes without MSH-7, which a resend may renew. */
  readonly digest: string;
};

export type ReadFrame =
  | { readonly kind: 'unreadable'; readonly fault: Fault }
  | {
      readonly kind: 'message';
      readonly wireHeader: Segment;
      readonly header: Header;
      readonly identity: MessageIdentity;
      readonly content: Hl7Message | Fault;
    };

export type ReadingRules = HeaderRules & { readonly name: string; readonly defaultCharset: Charset };

export const isFault = (content: Hl7Message | Fault): content is Fault => 'condition' in content;

export function readFrame(bytes: Buffer, rules: ReadingRules): ReadFrame {
  const wireHeader = tryOr(() => readWireHeader(bytes));
  if (!('fields' in wireHeader)) return { kind: 'unreadable', fault: wireHeader };
  const charset = charsetIn(wireHeader, rules.defaultCharset);
  const text = charset === null ? null : (decodeStrict(bytes, charset)?.normalize('NFC') ?? null);
  const decode: HexDecoder = (part) => (charset === null ? null : decodeStrict(part, charset));
  const header = text === null ? asciiHeader(wireHeader) : readDecodedHeader(text, decode, wireHeader);
  const content = tryOr(() => {
    checkHeader(header, rules);
    if (charset === null) throw new Hl7Fault(103, 'CHARACTER_SET_UNSUPPORTED', at('MSH', 18));
    if (text === null) throw new Hl7Fault(102, 'CHARACTERS_UNDECODABLE', at('MSH', 18));
    return parseMessage(text, decode);
  });
  return { kind: 'message', wireHeader, header, identity: identityOf(bytes, header, wireHeader, rules.name), content };
}

function charsetIn(wireHeader: Segment, fallback: Charset): Charset | null {
  const declared = repetitionsOf(wireHeader, 18).map((_, i) => textAt(wireHeader, 18, { repetition: i + 1 }));
  return charsetOf(declared, fallback);
}

function readDecodedHeader(text: string, decode: HexDecoder, wireHeader: Segment): Header {
  const line = text.slice(0, text.search(/[\r\n]|$/));
  const parsed = tryOr(() => parseMessage(line, decode));
  const msh = 'segments' in parsed ? parsed.segments[0] : undefined;
  return msh === undefined ? asciiHeader(wireHeader) : readHeader(msh);
}

/** Of a header nobody can decode only plain ASCII fields are believed. */
function asciiHeader(wireHeader: Segment): Header {
  const fields = wireHeader.fields.map((field) => (/^[\x20-\x7e]*$/.test(field) ? field : ''));
  return readHeader({ ...wireHeader, fields });
}

/** The header of a frame too long to keep: its first bytes are enough to answer it. Null when there is none. */
export function readWireHeaderOrNull(head: Buffer): Segment | null {
  const wireHeader = tryOr(() => readWireHeader(head));
  return 'fields' in wireHeader ? wireHeader : null;
}

function readWireHeader(bytes: Buffer): Segment {
  const end = headerEnd(bytes);
  const [msh] = parseMessage(bytes.subarray(0, end).toString('latin1'), (part) => decodeStrict(part, '8859/1')).segments;
  if (msh === undefined) throw new Hl7Fault(100, 'NO_MESSAGE_HEADER', at('MSH', 0));
  return msh;
}

/** The patient and the orders of an order message as they stand on the wire, for an answer that repeats their fields. */
export type WireOrders = {
  readonly pid: Segment | null;
  /** By ORC, in their order: the ORC and the segment that details it. */
  readonly orders: readonly { readonly orc: Segment; readonly detail: Segment | null }[];
};

export function wireOrdersOf(bytes: Buffer): WireOrders {
  const orders: { orc: Segment; detail: Segment | null }[] = [];
  let pid: Segment | null = null;
  for (const segment of parseMessage(bytes.toString('latin1'), () => null).segments) {
    const last = orders.at(-1);
    if (segment.name === 'PID') pid ??= segment;
    else if (segment.name === 'ORC') orders.push({ orc: segment, detail: null });
    else if (last && (segment.name === 'OBR' || segment.name === 'RXO')) last.detail ??= segment;
  }
  return { pid, orders };
}

function headerEnd(bytes: Buffer): number {
  const ends = [bytes.indexOf(0x0d), bytes.indexOf(0x0a)].filter((position) => position >= 0);
  return ends.length === 0 ? bytes.length : Math.min(...ends);
}

function identityOf(bytes: Buffer, header: Header, wireHeader: Segment, listener: string): MessageIdentity {
  const digest = sha256(withoutTime(bytes, wireHeader.separators.field));
  const { sendingApplication, sendingFacility, controlId } = header;
  return { messageId: deterministicId('message', listener, sendingApplication, sendingFacility, controlId, digest), digest };
}

/** The bytes without the content of MSH-7: what stands between the sixth and the seventh separator. */
function withoutTime(bytes: Buffer, separator: string): Buffer {
  const end = headerEnd(bytes);
  let start = -1;
  for (let i = 0; i < 6; i++) {
    start = bytes.indexOf(separator, start + 1, 'latin1');
    if (start < 0 || start > end) return bytes;
  }
  const next = bytes.indexOf(separator, start + 1, 'latin1');
  const stop = next < 0 || next > end ? end : next;
  return Buffer.concat([bytes.subarray(0, start + 1), bytes.subarray(stop)]);
}

function tryOr<T>(read: () => T): T | Fault {
  try {
    return read();
  } catch (error) {
    if (error instanceof Hl7Fault) return error.fault;
    throw error;
  }
}

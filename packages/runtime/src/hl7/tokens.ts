/**
 * In: decoded text of one message. Out: its segments, read field by field. Pure, total for any text: bad structure is an Hl7Fault.
 * Fields stay as sent until asked for; what `text` returns has its escapes resolved. Separators are those of MSH-1 and MSH-2.
 * Why not a library: ADR 0007.
 */
import { at, Hl7Fault } from './faults.ts';

export type Separators = {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
};

/** Bytes of a `\Xdd..\` escape as text of the message's character set; null when they are none. */
export type HexDecoder = (bytes: Uint8Array) => string | null;

export type Segment = {
  readonly name: string;
  /** 1-based among the segments of this name in the message. */
  readonly occurrence: number;
  /** As sent; index = field number, index 0 the name. In MSH the separator itself is field 1. */
  readonly fields: readonly string[];
  readonly separators: Separators;
  readonly decodeHex: HexDecoder;
};

export type Hl7Message = { readonly separators: Separators; readonly segments: readonly Segment[] };

export const standardSeparators: Separators = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' };

/** Explicit "delete this value" of HL7, which is not the same as an absent one. */
export const explicitNull = '""';

export function parseMessage(text: string, decodeHex: HexDecoder): Hl7Message {
  const separators = readSeparators(text);
  const seen = new Map<string, number>();
  const segments = splitSegments(text).map((line) => {
    const fields = line.split(separators.field);
    const name = fields[0] ?? '';
    if (!/^[A-Z][A-Z0-9]{2}$/.test(name)) throw new Hl7Fault(100, 'SEGMENT_UNREADABLE', at('MSH', 0));
    const occurrence = (seen.get(name) ?? 0) + 1;
    seen.set(name, occurrence);
    if (name === 'MSH') fields.splice(1, 0, separators.field);
    return { name, occurrence, fields, separators, decodeHex };
  });
  if ((seen.get('MSH') ?? 0) !== 1) throw new Hl7Fault(100, 'MORE_THAN_ONE_MESSAGE', at('MSH', 0));
  return { separators, segments };
}

export function readSeparators(text: string): Separators {
  if (!text.startsWith('MSH')) throw new Hl7Fault(100, 'NO_MESSAGE_HEADER', at('MSH', 0));
  const field = text[3] ?? '';
  const [component = '', repetition = '', escaping = '', subcomponent = ''] = text.slice(4).split(field, 1)[0] ?? '';
  const all = [field, component, repetition, escaping, subcomponent].filter((c) => c !== '');
  const unusable = all.some((c) => /[A-Za-z0-9\s"]/.test(c) || c.charCodeAt(0) > 0x7e || c.charCodeAt(0) < 0x20);
  if (component === '' || unusable || new Set(all).size !== all.length)
    throw new Hl7Fault(102, 'SEPARATORS_UNUSABLE', at('MSH', 2));
  return { field, component, repetition, escape: escaping, subcomponent };
}

/** Carriage return ends a segment; CR LF and, where there is no CR at all, bare LF are tolerated. Elsewhere a line feed is content. */
function splitSegments(text: string): string[] {
  const lines = text.includes('\r') ? text.split('\r').map((line) => line.replace(/^\n+/, '')) : text.split('\n');
  return lines.filter((line) => line !== '' && line !== '\n');
}

const splitOn = (text: string, separator: string): string[] => (separator === '' ? [text] : text.split(separator));

/** The field as sent, all repetitions. */
export const rawField = (segment: Segment, field: number): string => segment.fields[field] ?? '';

/** Repetitions as sent; none for an empty field. */
export function repetitionsOf(segment: Segment, field: number): readonly string[] {
  const raw = rawField(segment, field);
  return raw === '' ? [] : splitOn(raw, segment.separators.repetition);
}

export type Position = { readonly component?: number; readonly subcomponent?: number; readonly repetition?: number };

/** One value with its escapes resolved and outer blanks removed; `""` stays `""`. Counted from 1, absent is ''. */
export function textAt(segment: Segment, field: number, position: Position = {}): string {
  const repetition = repetitionsOf(segment, field)[(position.repetition ?? 1) - 1] ?? '';
  return partOf(segment, field, repetition, position);
}

/** The same for one repetition taken from `repetitionsOf`. */
export function partOf(segment: Segment, field: number, repetition: string, position: Omit<Position, 'repetition'> = {}): string {
  const component = splitOn(repetition, segment.separators.component)[(position.component ?? 1) - 1] ?? '';
  const part = splitOn(component, segment.separators.subcomponent)[(position.subcomponent ?? 1) - 1] ?? '';
  return resolveEscapes(part, segment, field).trim();
}

/** A value that says something: neither absent nor explicitly deleted. */
export function valueAt(segment: Segment, field: number, position: Position = {}): string | null {
  const text = textAt(segment, field, position);
  return text === '' || text === explicitNull ? null : text;
}

/** A whole repetition as one text (free text types), escapes resolved. */
export const wholeText = (segment: Segment, field: number, repetition: string): string =>
  resolveEscapes(repetition, segment, field);

function resolveEscapes(text: string, segment: Segment, field: number): string {
  const { escape: mark } = segment.separators;
  if (mark === '' || !text.includes(mark)) return text;
  let result = '';
  let position = 0;
  while (position < text.length) {
    const start = text.indexOf(mark, position);
    const end = start < 0 ? -1 : text.indexOf(mark, start + 1);
    const resolved = end < 0 ? null : resolve(text.slice(start + 1, end), segment, field);
    if (start < 0) return result + text.slice(position);
    // An escape character that begins no known sequence is text: senders forget to escape it.
    result += text.slice(position, start) + (resolved ?? mark);
    position = resolved === null ? start + 1 : end + 1;
  }
  return result;
}

function resolve(sequence: string, segment: Segment, field: number): string | null {
  const { separators } = segment;
  switch (sequence) {
    case 'F':
      return separators.field;
    case 'S':
      return separators.component;
    case 'T':
      return separators.subcomponent;
    case 'R':
      return separators.repetition;
    case 'E':
      return separators.escape;
    case 'P':
      return '#';
    case '.br':
    case '.sp':
      return '\n';
    case 'H':
    case 'N':
      return '';
  }
  if (/^[CM][0-9A-F]{4,6}$/.test(sequence)) throw fault(segment, field, 'CHARACTER_SET_SWITCH_UNSUPPORTED');
  return /^X(?:[0-9A-Fa-f]{2})+$/.test(sequence) ? resolveHex(sequence.slice(1), segment, field) : null;
}

function resolveHex(digits: string, segment: Segment, field: number): string {
  const bytes = Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
  const text = segment.decodeHex(bytes);
  if (text === null) throw fault(segment, field, 'ESCAPE_UNDECODABLE');
  return text.normalize('NFC');
}

const fault = (segment: Segment, field: number, code: string): Hl7Fault =>
  new Hl7Fault(102, code, at(segment.name, field, segment.occurrence));

/** Text that may stand in a field under these separators. */
export function escapeText(text: string, separators: Separators): string {
  const names: Readonly<Record<string, string>> = {
    [separators.field]: 'F',
    [separators.component]: 'S',
    [separators.subcomponent]: 'T',
    [separators.repetition]: 'R',
    [separators.escape]: 'E',
  };
  return [...text].map((c) => (names[c] === undefined ? c : `${separators.escape}${names[c]}${separators.escape}`)).join('');
}

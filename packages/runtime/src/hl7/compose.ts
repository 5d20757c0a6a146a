/** Segments put together. In: texts; out: a message of ours. Pure. What `fieldText` wrote, `textAt` and `wholeText` read as it was. */
import { escapeText, type Separators, standardSeparators } from './tokens.ts';

/** Text for a field: delimiters escaped, line ends as `\.br\`, other control characters, which could end a segment or a frame, as `\Xdd\`. */
export function fieldText(text: string, separators: Separators = standardSeparators): string {
  const { escape: mark } = separators;
  return escapeText(text, separators)
    .replace(/\r\n?|\n/g, `${mark}.br${mark}`)
    .replace(/\p{Cc}/gu, (c) =>
      c < '\u0080' ? `${mark}X${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}${mark}` : c,
    );
}

/** Components of a field, each text escaped; empty ones at the end are left out. */
export const components = (...parts: readonly (string | null)[]): string =>
  parts
    .map((part) => fieldText(part ?? ''))
    .join(standardSeparators.component)
    .replace(/\^+$/, '');

/** A segment by field numbers; fields not named are empty. In MSH field 2 is written by itself. */
export function segmentOf(name: string, fields: Readonly<Record<number, string>>): string {
  const numbers = Object.keys(fields)
    .map(Number)
    .filter((number) => fields[number] !== '');
  const all = Array.from({ length: Math.max(0, ...numbers) }, (_, i) => fields[i + 1] ?? '');
  if (name !== 'MSH') return [name, ...all].join('|');
  return ['MSH', '^~\\&', ...all.slice(2)].join('|');
}

export const messageText = (segments: readonly string[]): string => segments.map((line) => `${line}\r`).join('');

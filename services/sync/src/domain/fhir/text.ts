/**
 * Text of others made fit for FHIR: no control characters, never empty, and no resident registration number, which people do write into
 * notes. Narratives are short, generated and escaped. Pure.
 */
import type { Narrative } from 'fhir/r4.d.ts';

/** Control characters but for line ends and tabs, lone surrogates, and what XML cannot hold. */
const unfit = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu;
/** Dashes of all kinds, also full-width digits (folded before): six digits, a dash, seven. */
const residentNumber = /(?<!\d)\d{6}\s?[-\u2010-\u2015\uff0d]\s?[0-9]\d{6}(?!\d)/g;

/** Null when nothing readable is left. */
export function freeText(text: string | null | undefined): string | null {
  const clean = withoutResidentNumbers((text ?? '').replace(unfit, '')).trim();
  return clean === '' ? null : clean;
}

/** One line for names and displays. */
export const lineOf = (text: string | null | undefined): string | null => freeText(text)?.replace(/\s+/g, ' ') ?? null;

/** FHIR's `code`: no white space at the ends, single spaces inside; null when empty. */
export const codeOf = lineOf;

const foldDigits = (text: string): string =>
  text.replace(/[\uff10-\uff19]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0));

/** Null for what is no identifier: nothing readable, or one that holds a resident registration number. */
export function identifierValue(text: string | null | undefined): string | null {
  const value = lineOf(text);
  return value === null || foldDigits(text ?? '').search(residentNumber) >= 0 ? null : value;
}

export const looksLikeResidentNumber = (text: string): boolean =>
  foldDigits(text).search(residentNumber) >= 0 || /^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{7}$/.test(foldDigits(text));

function withoutResidentNumbers(text: string): string {
  const folded = foldDigits(text);
  // Folding keeps every character in its place, so what is found there is removed here; other full-width digits stay as written.
  return [...folded.matchAll(residentNumber)]
    .reverse()
    .reduce((kept, { 0: found, index }) => `${kept.slice(0, index)}[removed]${kept.slice(index + found.length)}`, text);
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

const longest = 500;

/** One paragraph per line; empty ones are left out and long ones cut. */
export function narrative(...lines: readonly (string | null | undefined)[]): Narrative {
  const paragraphs = lines
    .map(lineOf)
    .filter((line) => line !== null)
    .map((line) => `<p>${escaped(line.length > longest ? `${cut(line)}…` : line)}</p>`);
  return { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${paragraphs.join('')}</div>` };
}

/** Never between the halves of a surrogate pair. */
const cut = (line: string): string => line.slice(0, longest).replace(/[\ud800-\udbff]$/, '');

/**
 * Numbers with units. A unit gets UCUM's system only where it is written in UCUM: a wrong code makes servers refuse the result, while a unit
 * in words is always true. Nothing is converted.
 */
import type { ObservationValue } from '@clinstream/contracts';
import type { ObservationReferenceRange, Quantity } from 'fhir/r4.d.ts';
import { systems } from './systems.ts';
import { freeText, lineOf } from './text.ts';

const metric = '(?:L|l|g|m|s|mol|eq|osm|Pa|Hz|J|W|V|A|K|U|kat|cal|bar|\\[iU\\]|\\[IU\\]|Cel|Bq|Gy|Sv|m\\[Hg\\]|m\\[H2O\\])';
const plain =
  "(?:min|h|d|wk|mo|a|%|\\[pH\\]|\\[degF\\]|\\[arb'U\\]|\\[CFU\\]|\\[cfu_i\\]|\\[ppm\\]|\\[ppb\\]|\\[ppth\\]|\\[drp\\]|\\[HPF\\]|\\[LPF\\]|deg|dB|1|10\\*-?\\d{1,2}|10\\^-?\\d{1,2})";
const annotation = '\\{[!-z|~]*\\}';
const unit = `(?:(?:(?:da|[YZEPTGMkhdcmunpfazy])?${metric}|${plain})(?:[+-]?\\d)?(?:${annotation})?|${annotation}|\\d{1,4})`;
const term = new RegExp(`^/?${unit}(?:[./]${unit})*$`);

/** Whether a unit is written in the part of UCUM that laboratories use. What is not recognised is no UCUM for us. */
export const isUcum = (text: string): boolean => text.length <= 60 && term.test(text);

const unitOf = (text: string | null): Pick<Quantity, 'unit' | 'system' | 'code'> => {
  const written = lineOf(text);
  if (written === null) return {};
  return isUcum(written) ? { unit: written, system: systems.ucum, code: written } : { unit: written };
};

type Comparator = NonNullable<Quantity['comparator']>;
const comparators: readonly string[] = ['<', '<=', '>=', '>'] satisfies readonly Comparator[];
const isComparator = (text: string | null): text is Comparator => text !== null && comparators.includes(text);

export type Value = { readonly valueQuantity: Quantity } | { readonly valueString: string } | null;

/** Null: there is no value. A comparator FHIR does not know makes it words, never a bare number. */
export function quantityOrText(value: ObservationValue): Value {
  const { numeric, comparator } = value;
  if (numeric !== null && Number.isFinite(numeric)) {
    if (comparator !== null && !isComparator(comparator)) {
      return { valueString: [lineOf(comparator), String(numeric), lineOf(value.unit)].filter(Boolean).join(' ') };
    }
    return { valueQuantity: { value: numeric, ...(comparator === null ? {} : { comparator }), ...unitOf(value.unit) } };
  }
  const text = freeText(value.text);
  if (text === null) return null;
  const written = lineOf(value.unit);
  return { valueString: written === null ? text : `${text} ${written}` };
}

const number = '([+-]?\\d{1,12}(?:\\.\\d{1,9})?)';
const rangePattern = new RegExp(`^${number}\\s*(?:-|~|\\u2013|to)\\s*${number}$`);
const boundPattern = new RegExp(`^(<=|>=|\\u2264|\\u2265)\\s*${number}$`);

/**
 * The range as sent, and its bounds where they cannot be misread. Both are inclusive in FHIR, so that `<5` stays words;
 * so does anything else than one number to another, and every range of a result that is no number.
 */
export function referenceRangeOf(text: string | null, value: ObservationValue): ObservationReferenceRange | null {
  const written = lineOf(text);
  if (written === null) return null;
  const { low, high } = value.numeric === null ? {} : boundsOf(written);
  const quantity = (bound: number): Quantity => ({ value: bound, ...unitOf(value.unit) });
  return {
    ...(low === undefined ? {} : { low: quantity(low) }),
    ...(high === undefined ? {} : { high: quantity(high) }),
    text: written,
  };
}

type Bounds = { readonly low?: number; readonly high?: number };

function boundsOf(text: string): Bounds {
  const [, first, second] = rangePattern.exec(text) ?? [];
  if (first !== undefined && second !== undefined) {
    const [low, high] = [Number(first), Number(second)];
    return low <= high ? { low, high } : {};
  }
  const [, sign, bound] = boundPattern.exec(text) ?? [];
  if (sign === undefined || bound === undefined) return {};
  return sign === '<=' || sign === '\u2264' ? { high: Number(bound) } : { low: Number(bound) };
}

/** A share of 0..1 as a percentage, without the digits that binary fractions add: 0.87 is 87. */
export const percentOf = (share: number): number => Number((share * 100).toPrecision(12));
export const complementOf = (share: number): number => Number((1 - share).toPrecision(12));

/** For sentences: two digits are enough, and what is not quite certain never reads as certain. */
export function wordsOfPercent(share: number): string {
  const percent = percentOf(share);
  if (percent > 99.9 && percent < 100) return 'over 99.9 %';
  return percent > 0 && percent < 0.1 ? 'under 0.1 %' : `${Number(percent.toFixed(1))} %`;
}

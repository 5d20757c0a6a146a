/** Codings (CE, CWE), observation values (OBX-2/5/6) and order numbers (EI) as our events carry them. Pure. */
import type { Coding, ObservationValue } from '@clinstream/contracts';
import { partOf, rawField, repetitionsOf, type Segment, textAt, valueAt, wholeText } from '@clinstream/runtime/hl7';
import type { ChannelRules } from './channel-rules.ts';

/** The codings of a CE or CWE field: the primary triplet, then the alternate one. Empty ones are left out. */
export function codingsAt(segment: Segment, field: number): readonly Coding[] {
  return [1, 4]
    .map((first) => ({
      code: textAt(segment, field, { component: first }),
      display: valueAt(segment, field, { component: first + 1 }),
      system: textAt(segment, field, { component: first + 2 }),
    }))
    .filter((coding) => coding.code !== '' && coding.code !== '""');
}

const nothing: ObservationValue = { numeric: null, comparator: null, text: null, unit: null };
const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const comparedPattern = /^(<=|>=|<|>)?\s*(.+)$/s;

/** The value of an OBX. A number only where it is one number; anything else stands as text, exactly as sent. */
export function observationValueOf(obx: Segment): ObservationValue {
  const repetitions = repetitionsOf(obx, 5);
  const [only] = repetitions;
  if (only === undefined || rawField(obx, 5) === '""') return nothing;
  const unit = valueAt(obx, 6);
  const type = textAt(obx, 2);
  if (repetitions.length > 1) return { ...nothing, text: textOf(obx, type, repetitions), unit };
  if (type === 'SN') return { ...structuredNumber(obx, only), unit };
  const compared = type === 'NM' || (type === 'ST' && unit !== null) ? comparedNumber(partOf(obx, 5, only)) : null;
  return { ...(compared ?? { ...nothing, text: textOf(obx, type, repetitions) }), unit };
}

function comparedNumber(text: string): ObservationValue | null {
  const [, comparator = null, digits = ''] = comparedPattern.exec(text) ?? [];
  const numeric = numberPattern.test(digits) ? Number(digits) : Number.NaN;
  return Number.isFinite(numeric) ? { ...nothing, comparator, numeric } : null;
}

/** SN: comparator ^ number ^ separator ^ number. Two numbers are a ratio or a range: text. */
function structuredNumber(obx: Segment, repetition: string): ObservationValue {
  const [comparator = '', first = '', separator = '', second = ''] = [1, 2, 3, 4].map((component) =>
    partOf(obx, 5, repetition, { component }),
  );
  const isOne = separator === '' && second === '' && ['', '=', '<', '<=', '>', '>='].includes(comparator);
  const single = isOne ? comparedNumber(`${comparator === '=' ? '' : comparator}${first}`) : null;
  return single ?? { ...nothing, text: `${comparator}${first}${separator}${second}` };
}

function textOf(obx: Segment, type: string, repetitions: readonly string[]): string | null {
  // Embedded documents and pointers stay in the raw message.
  if (type === 'ED' || type === 'RP') return null;
  const isCoded = type === 'CE' || type === 'CWE' || type === 'CNE' || type === 'CF';
  const texts = repetitions.map((one) =>
    isCoded ? partOf(obx, 5, one, { component: 2 }) || partOf(obx, 5, one) : wholeText(obx, 5, one).trim(),
  );
  return texts.join('\n');
}

export type OrderNumber = { readonly number: string; readonly authority: string };

/** An EI field: the number, and the authority it is unique in (facility and namespace, or universal id, or the sending application). */
export function orderNumberAt(segment: Segment, field: number, channel: ChannelRules, sender: string): OrderNumber | null {
  const number = valueAt(segment, field);
  if (number === null) return null;
  const namespace = valueAt(segment, field, { component: 2 }) ?? valueAt(segment, field, { component: 3 }) ?? sender;
  return { number, authority: `${channel.facility}|${namespace}` };
}

/** The placer's half of an EIP field (ORC-8, OBR-29): the number of the order this one belongs to. */
export function parentNumberAt(segment: Segment, field: number, channel: ChannelRules, sender: string): OrderNumber | null {
  const part = (subcomponent: number): string | null => valueAt(segment, field, { component: 1, subcomponent });
  const number = part(1);
  return number === null ? null : { number, authority: `${channel.facility}|${part(2) ?? part(3) ?? sender}` };
}

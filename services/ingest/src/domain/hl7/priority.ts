/**
 * Priority (facts 6.9): S stat, A asap, R routine. TQ1-9 exists from 2.5 on; without it ORC-7.6, OBR-27.6 and OBR-5 are read in that order, in
 * every version, or a stat order would silently become routine. "Urgent" is the agreed code plus the word in the agreed local field.
 */
import type { Priority } from '@clinstream/contracts';
import { repetitionsOf, type Segment, textAt, valueAt } from '@clinstream/runtime/hl7';
import type { ChannelRules } from './channel-rules.ts';

export type OrderSegments = {
  readonly orc: Segment | null;
  readonly obr: Segment | null;
  /** The group's other segments, TQ1 and local ones among them. */
  readonly others: readonly Segment[];
};

const names: Readonly<Record<string, Priority>> = {
  S: 'stat',
  STAT: 'stat',
  A: 'asap',
  ASAP: 'asap',
  R: 'routine',
  T: 'routine',
};
// Preoperative, callback and as-needed say when a specimen is taken, not how fast the work must go.
const noHurry: readonly string[] = ['P', 'C', 'PRN'];

export function priorityOf(group: OrderSegments, channel: ChannelRules): Priority {
  const code = codeOf(group)?.toUpperCase() ?? '';
  if (code === '' || noHurry.includes(code)) return 'routine';
  const isAgreed = channel.urgent.codes.some((agreed) => agreed === code);
  if (isAgreed && wordOf(group, channel)?.toLowerCase() === 'urgent') return 'urgent';
  if (/^T[SMHDWL]\d*$/.test(code)) return 'routine';
  return names[code] ?? 'unknown';
}

function codeOf({ orc, obr, others }: OrderSegments): string | null {
  const tq1 = others.find((segment) => segment.name === 'TQ1' && valueAt(segment, 9) !== null);
  return (
    (tq1 ? valueAt(tq1, 9) : null) ??
    (orc ? timingPriority(orc, 7) : null) ??
    (obr ? (timingPriority(obr, 27) ?? valueAt(obr, 5)) : null)
  );
}

/** TQ component 6 of any repetition. */
function timingPriority(segment: Segment, field: number): string | null {
  const codes = repetitionsOf(segment, field).map((_, i) => valueAt(segment, field, { component: 6, repetition: i + 1 }));
  return codes.find((code) => code !== null) ?? null;
}

function wordOf({ others }: OrderSegments, { urgent }: ChannelRules): string | null {
  const segment = others.find((one) => one.name === urgent.segment && textAt(one, urgent.field) !== '');
  return segment ? valueAt(segment, urgent.field) : null;
}

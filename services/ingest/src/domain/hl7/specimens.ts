/** SPM of OML^O21 and ORU^R01: what was taken, and whether the laboratory can use it. Pure. */
import type { Specimen } from '@clinstream/contracts';
import { at, Hl7Fault, repetitionsOf, type Segment, textAt, valueAt } from '@clinstream/runtime/hl7';
import { parseTime, type Zone } from './time.ts';
import { codingsAt } from './values.ts';

/** SPM-2 (the placer's number, else the filler's), SPM-4, SPM-17. Null when it says none of them. */
export function specimenOf(spm: Segment | undefined, zone: Zone): Specimen | null {
  if (spm === undefined) return null;
  const id = valueAt(spm, 2, { component: 1 }) ?? valueAt(spm, 2, { component: 2 });
  const [code = null] = codingsAt(spm, 4);
  const collectedAt = collectedAtOf(spm, zone);
  return id === null && code === null && collectedAt === null ? null : { id, code, collectedAt };
}

function collectedAtOf(spm: Segment, zone: Zone): string | null {
  const text = valueAt(spm, 17);
  if (text === null) return null;
  const time = parseTime(text, zone);
  if (time === null) throw new Hl7Fault(102, 'TIME_UNREADABLE', at('SPM', 17, spm.occurrence));
  return time.iso;
}

/** SPM-21, HL7 table 0490. Null when no specimen was rejected. A text that is no code is told as `other`: it may say anything. */
export function rejectReasonsOf(specimens: readonly Segment[]): readonly string[] | null {
  const reasons = specimens.flatMap((spm) =>
    repetitionsOf(spm, 21).flatMap((_, i) => {
      const code = textAt(spm, 21, { repetition: i + 1 }) || textAt(spm, 21, { repetition: i + 1, component: 2 });
      return code === '' || code === '""' ? [] : [/^[A-Za-z0-9_.-]{1,20}$/.test(code) ? code : 'other'];
    }),
  );
  return reasons.length === 0 ? null : [...new Set(reasons)].sort();
}

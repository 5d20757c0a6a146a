/**
 * The segments of OML^O21 and ORM^O01 sorted into orders: each ORC begins one. Only OBX directly under the order's own OBR are its
 * observations; those of specimens (after SPM) and of prior results (a second OBR, or ORC-1 PR) belong to something else and never feed a model.
 * A second OBR without results is no prior result: somebody adds a test without an ORC of its own. It has no number and could not be told
 * apart from the order, so the message is refused rather than the test lost.
 */
import { at, Hl7Fault, type Hl7Message, rawField, type Segment, textAt } from '@clinstream/runtime/hl7';
import type { OrderSegments } from './priority.ts';

export type OrderGroup = OrderSegments & {
  readonly orc: Segment;
  readonly medication: Segment | null;
  readonly observations: readonly Segment[];
  readonly specimens: readonly Segment[];
};

type Draft = {
  readonly orc: Segment;
  obr: Segment | null;
  medication: Segment | null;
  readonly observations: Segment[];
  readonly others: Segment[];
  readonly specimens: Segment[];
  /** A further OBR of which no result was seen yet. */
  further: Segment | null;
  /** What the next OBX belongs to. */
  reading: 'order' | 'elsewhere';
};

export function groupsOf(message: Hl7Message): { readonly pid: Segment; readonly groups: readonly OrderGroup[] } {
  let pid: Segment | null = null;
  const drafts: Draft[] = [];
  for (const segment of message.segments) {
    if (segment.name === 'PID') pid = samePatient(pid, segment);
    else if (segment.name === 'ORC') drafts.push({ ...emptyDraft, orc: segment, observations: [], others: [], specimens: [] });
    else addTo(drafts.at(-1), segment);
  }
  if (pid === null) throw new Hl7Fault(100, 'PATIENT_SEGMENT_MISSING', at('PID', 0));
  for (const { further } of drafts) refuseAddedTest(further);
  const groups = drafts.filter(({ orc }) => textAt(orc, 1) !== 'PR');
  if (groups.length === 0) throw new Hl7Fault(100, 'ORDER_SEGMENT_MISSING', at('ORC', 0));
  return { pid, groups };
}

const emptyDraft = { obr: null, medication: null, further: null, reading: 'order' } as const;

function refuseAddedTest(further: Segment | null): void {
  if (further !== null) throw new Hl7Fault(100, 'ADDED_TEST_WITHOUT_ORDER', at('OBR', 0, further.occurrence));
}

/** OML may repeat PID before prior results; a different patient there cannot be told from a mix-up. */
function samePatient(first: Segment | null, next: Segment): Segment {
  if (first === null) return next;
  if (rawField(first, 3) !== rawField(next, 3)) throw new Hl7Fault(204, 'MORE_THAN_ONE_PATIENT', at('PID', 3, next.occurrence));
  return first;
}

function addTo(group: Draft | undefined, segment: Segment): void {
  if (group === undefined) {
    if (segment.name === 'OBR' || segment.name === 'OBX') throw new Hl7Fault(100, 'ORDER_SEGMENT_MISSING', at('ORC', 0));
    return;
  }
  switch (segment.name) {
    case 'OBR':
      refuseAddedTest(group.further);
      if (group.obr === null) group.obr = segment;
      else {
        group.further = segment;
        group.reading = 'elsewhere';
      }
      return;
    case 'RXO':
      group.medication ??= segment;
      return;
    case 'SPM':
      group.specimens.push(segment);
      group.reading = 'elsewhere';
      return;
    case 'OBX':
      if (group.obr === null) throw new Hl7Fault(100, 'OBSERVATION_WITHOUT_REQUEST', at('OBX', 0, segment.occurrence));
      group.further = null;
      if (group.reading === 'order') group.observations.push(segment);
      return;
  }
  if (group.reading === 'order') group.others.push(segment);
}

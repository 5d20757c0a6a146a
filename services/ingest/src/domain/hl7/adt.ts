/**
 * ADT: registrations (A01, A04), updates (A08, A31), merges (A40, and the older A18 and A34 of the same shape). In: a message; out: patient
 * events. A merge is published under both keys. A47 and unmerges are refused as unsupported events (header.ts): their raw message is kept.
 */
import { type PatientEvent, topics } from '@clinstream/contracts';
import { at, Hl7Fault, type Segment } from '@clinstream/runtime/hl7';
import { envelopeOf } from '../publication.ts';
import { type Fact, type Mapped, type MappingContext, sourceVersionOf } from './mapped.ts';
import { demographicsFrom, patientKeyFrom } from './patient.ts';

const registrations: readonly string[] = ['A01', 'A04'];
const merges: readonly string[] = ['A18', 'A34', 'A40'];

export function mapAdt(event: string, context: MappingContext): Mapped {
  return merges.includes(event) ? mapMerges(context) : mapDemographics(event, context);
}

function mapDemographics(event: string, context: MappingContext): Mapped {
  const pids = context.message.segments.filter((segment) => segment.name === 'PID');
  const [pid] = pids;
  if (pid === undefined) throw new Hl7Fault(100, 'PATIENT_SEGMENT_MISSING', at('PID', 0));
  if (pids.length > 1) throw new Hl7Fault(100, 'MORE_THAN_ONE_PATIENT', at('PID', 0, 2));
  const patientKey = patientKeyFrom(pid, 3, context.channel);
  const isRegistration = registrations.includes(event);
  const fact = factOf(context, 0, {
    type: isRegistration ? 'PatientRegistered' : 'PatientUpdated',
    patientKey,
    sourceVersion: sourceVersionOf(context.time, isRegistration ? 0 : 1),
    demographics: demographicsFrom(pid),
    mergedInto: null,
    mergedFrom: null,
    messageId: context.messageId,
  });
  return { patientKey, keys: [patientKey], facts: [fact], orders: [] };
}

function mapMerges(context: MappingContext): Mapped {
  const pairs = pairsOf(context);
  const facts = pairs.flatMap(({ survivor, retired }, i) => {
    const both = {
      type: 'PatientsMerged',
      sourceVersion: sourceVersionOf(context.time, 2),
      // A merge names the survivor; what its PID leaves out is not news about the person.
      demographics: null,
      messageId: context.messageId,
    } as const;
    return [
      factOf(context, 2 * i, { ...both, patientKey: retired, mergedInto: survivor, mergedFrom: null }),
      factOf(context, 2 * i + 1, { ...both, patientKey: survivor, mergedInto: null, mergedFrom: retired }),
    ];
  });
  const keys = [...new Set(pairs.flatMap(({ survivor, retired }) => [survivor, retired]))];
  return { patientKey: pairs[0]?.survivor ?? '', keys, facts, orders: [] };
}

type Pair = { readonly survivor: string; readonly retired: string };

/** Each PID is followed by the MRG with the identity it absorbs. */
function pairsOf({ message, channel }: MappingContext): readonly Pair[] {
  const pairs: Pair[] = [];
  let pid: Segment | null = null;
  for (const segment of message.segments) {
    if (segment.name === 'PID') {
      if (pid !== null) throw new Hl7Fault(100, 'MERGE_SEGMENT_MISSING', at('MRG', 0, pairs.length + 1));
      pid = segment;
    }
    if (segment.name !== 'MRG') continue;
    if (pid === null) throw new Hl7Fault(100, 'PATIENT_SEGMENT_MISSING', at('PID', 0, pairs.length + 1));
    const pair = { survivor: patientKeyFrom(pid, 3, channel), retired: patientKeyFrom(segment, 1, channel) };
    if (pair.survivor === pair.retired) throw new Hl7Fault(204, 'MERGE_INTO_ITSELF', at('MRG', 1, segment.occurrence));
    pairs.push(pair);
    pid = null;
  }
  if (pid !== null || pairs.length === 0) throw new Hl7Fault(100, 'MERGE_SEGMENT_MISSING', at('MRG', 0, pairs.length + 1));
  return pairs;
}

const factOf = (context: MappingContext, index: number, value: PatientEvent): Fact => ({
  topic: topics.patients,
  key: value.patientKey,
  value,
  envelope: envelopeOf(value.type, context.origin, context.messageId, String(index)),
});

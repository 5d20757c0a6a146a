/**
 * Who the message is about (facts 6.3) and what it says of them. The patient id is the one repetition of PID-3 (or MRG-1) with the
 * configured authority and type; none or several different ones is a fault, never a guess. PID-2, PID-4 and PID-19 are never read, and a text
 * that looks like a resident registration number never becomes a key, whatever type it claims. Pure.
 */
import { type Demographics, patientKeyOf } from '@clinstream/contracts';
import { at, explicitNull, Hl7Fault, partOf, repetitionsOf, type Segment, textAt, valueAt } from '@clinstream/runtime/hl7';
import { identifierFault } from '../patient-identity.ts';
import type { ChannelRules } from './channel-rules.ts';
import { parseBirthDate } from './time.ts';

export function patientKeyFrom(segment: Segment, field: number, channel: ChannelRules): string {
  const place = at(segment.name, field, segment.occurrence);
  const repetitions = repetitionsOf(segment, field);
  if (repetitions.length === 0) throw new Hl7Fault(101, 'PATIENT_ID_MISSING', place);
  const ids = new Set(
    repetitions.filter((one) => isOurs(segment, field, one, channel)).map((one) => partOf(segment, field, one)),
  );
  ids.delete('');
  ids.delete(explicitNull);
  const [id] = ids;
  if (id === undefined) throw new Hl7Fault(204, 'PATIENT_ID_UNKNOWN_KIND', place);
  if (ids.size > 1) throw new Hl7Fault(204, 'PATIENT_ID_AMBIGUOUS', place);
  const fault = identifierFault('', id);
  if (fault !== null) throw new Hl7Fault(204, fault.code, place);
  return patientKeyOf({ facility: channel.facility, authority: channel.patientId.authority, id });
}

function isOurs(segment: Segment, field: number, repetition: string, { patientId }: ChannelRules): boolean {
  const namespace = partOf(segment, field, repetition, { component: 4 });
  const universal = partOf(segment, field, repetition, { component: 4, subcomponent: 2 });
  const type = partOf(segment, field, repetition, { component: 5 });
  return (namespace === patientId.authority || universal === patientId.authority) && type === patientId.type;
}

/** An ADT message is a snapshot: what PID leaves out is unknown now. */
export function demographicsFrom(pid: Segment): Demographics {
  return {
    familyName: valueAt(pid, 5),
    givenName: valueAt(pid, 5, { component: 2 }),
    birthDate: birthDateFrom(pid),
    sex: valueAt(pid, 8),
  };
}

function birthDateFrom(pid: Segment): string | null {
  const text = valueAt(pid, 7);
  if (text === null) return null;
  const date = parseBirthDate(text);
  if (date === null) throw new Hl7Fault(102, 'BIRTH_DATE_UNREADABLE', at('PID', 7, pid.occurrence));
  return date;
}

/** For an order a birth date nobody can read is an unknown one: the model abstains, the order stands. */
export const birthDateOrNull = (pid: Segment): string | null => parseBirthDate(textAt(pid, 7));

/**
 * Identifiers as they may enter: NFC, no control characters, no surrounding blanks, and never a national id (facts 6.3). Pure.
 * A refused identifier is never repeated in an answer: the fault carries its place only.
 */
import { type PatientIdentity, patientKeyOf } from '@clinstream/contracts';
import type { Checked, Fault } from './fault.ts';

/**
 * Korean resident registration number: six digits of birth date, seven more. With a dash it is always taken for one; thirteen bare
 * digits only where the first six can be a date, since hospitals do number patients with thirteen digits. Full-width digits count too.
 */
export function looksLikeNationalId(text: string): boolean {
  if (text.length < 13) return false;
  const folded = text.normalize('NFKC').replace(/[\s\u2010-\u2015\u2212\u30fc]/g, (c) => (/\s/.test(c) ? '' : '-'));
  return /(?<!\d)\d{6}-\d{7}(?!\d)/.test(folded) || /^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{7}$/.test(folded);
}

export function identifierFault(pointer: string, text: string): Fault | null {
  if (looksLikeNationalId(text)) return { pointer, code: 'NATIONAL_ID_REFUSED' };
  if (text === '' || text !== text.trim() || /\p{Cc}/u.test(text) || !text.isWellFormed())
    return { pointer, code: 'INVALID_IDENTIFIER' };
  return null;
}

/** The patient key, or what is wrong with each part. */
export function checkPatient(identity: PatientIdentity, parent = '/patient'): Checked<string> {
  const parts = [
    identifierFault(`${parent}/facility`, identity.facility),
    identifierFault(`${parent}/authority`, identity.authority),
    identifierFault(`${parent}/id`, identity.id),
  ];
  const faults = parts.filter((fault) => fault !== null);
  return faults.length === 0 ? { ok: true, value: patientKeyOf(identity) } : { ok: false, faults };
}

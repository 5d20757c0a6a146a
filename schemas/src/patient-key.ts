/**
 * Patient key = `facility|assigning authority|patient id`, percent-encoding `|` and `%` inside parts so that no part can
 * forge another's key. Two hospitals may both have a patient 0001. A national id is never a part.
 */
export type PatientIdentity = { readonly facility: string; readonly authority: string; readonly id: string };

const encode = (part: string): string => part.normalize('NFC').replace(/[%|]/g, (c) => (c === '%' ? '%25' : '%7C'));
const decode = (part: string): string => part.replace(/%7C/g, '|').replace(/%25/g, '%');

export const patientKeyOf = (identity: PatientIdentity): string =>
  `${encode(identity.facility)}|${encode(identity.authority)}|${encode(identity.id)}`;

/** The parts again, or null when the text is not a patient key. */
export function parsePatientKey(key: string): PatientIdentity | null {
  const [facility, authority, id, ...rest] = key.split('|');
  if (!facility || authority === undefined || !id || rest.length > 0) return null;
  return { facility: decode(facility), authority: decode(authority), id: decode(id) };
}

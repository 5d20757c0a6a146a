/** Times as FHIR takes them. Pure. */

export const instantOf = (ms: number): string => new Date(ms).toISOString();
export const instantOrNone = (ms: number | null): string | undefined => (ms === null ? undefined : instantOf(ms));

const pattern = /^(\d{4}(?:-\d{2}(?:-\d{2})?)?)(?:T(\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** A dateTime as precise as it was sent: FHIR demands seconds, and an offset beside a time of day. Undefined where it is none. */
export function dateTimeOf(iso: string | null): string | undefined {
  const [, date, minutes, seconds = ':00', offset] = pattern.exec(iso ?? '') ?? [];
  if (date === undefined) return undefined;
  return minutes === undefined ? date : `${date}T${minutes}${seconds}${offset}`;
}

/** Two clocks may disagree: a period that ends before it starts says only its end. */
export function periodOf(start: number | null, end: number | null): { start?: string; end?: string } | undefined {
  const isInOrder = start !== null && (end === null || start <= end);
  const period = { ...(isInOrder ? { start: instantOf(start) } : {}), ...(end === null ? {} : { end: instantOf(end) }) };
  return Object.keys(period).length === 0 ? undefined : period;
}

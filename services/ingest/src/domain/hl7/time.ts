/**
 * HL7 times (TS, DTM): `YYYY[MM[DD[HH[MM[SS[.s..]]]]]][+-ZZZZ]`. A time without offset is local time of the channel's zone.
 * A birth date never passes through UTC and keeps its precision. Pure; `createZone` holds one Intl formatter.
 */

export type Zone = {
  readonly name: string;
  /** Minutes east of UTC at this local wall-clock time (given as if it were UTC milliseconds). */
  offsetAt(localMs: number): number;
};

/** Throws RangeError for a zone Intl does not know. */
export function createZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const offsetOfInstant = (ms: number): number => {
    const parts = new Map(format.formatToParts(ms).map((part) => [part.type, Number(part.value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return Math.round((local - Math.floor(ms / 1000) * 1000) / 60_000);
  };
  // Two steps: the first guess may fall on the other side of a clock change.
  return {
    name,
    offsetAt: (localMs) => offsetOfInstant(localMs - offsetOfInstant(localMs - offsetOfInstant(localMs) * 60_000) * 60_000),
  };
}

export type Precision = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction';

export type Hl7Time = {
  readonly epochMs: number;
  readonly precision: Precision;
  /** ISO 8601, as precise as it was sent; with offset from the hour on. */
  readonly iso: string;
};

const pattern = /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,9}))?)?)?)?)?)?([+-]\d{4})?$/;

/** The time, or null when the text is not one (impossible dates included). */
export function parseTime(text: string, zone: Zone): Hl7Time | null {
  const match = pattern.exec(text.trim());
  if (!match) return null;
  const [, year = '', month, day, hour, minute, second, fraction, offset] = match;
  const fields = [
    Number(year),
    Number(month ?? 1),
    Number(day ?? 1),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
  ] as const;
  const localMs = localTime(fields);
  if (localMs === null) return null;
  const milliseconds = Number((fraction ?? '').slice(0, 3).padEnd(3, '0'));
  const offsetMinutes = offset === undefined ? zone.offsetAt(localMs) : parseOffset(offset);
  if (offsetMinutes === null) return null;
  const iso = isoOf([year, month, day, hour, minute, second, fraction], offsetMinutes);
  return { epochMs: localMs - offsetMinutes * 60_000 + milliseconds, precision: precisionOf(match), iso };
}

type Fields = readonly [year: number, month: number, day: number, hour: number, minute: number, second: number];

function localTime([year, month, day, hour, minute, second]: Fields): number | null {
  if (year < 1800 || hour > 23 || minute > 59 || second > 59) return null;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(ms);
  return back.getUTCMonth() === month - 1 && back.getUTCDate() === day ? ms : null;
}

function parseOffset(text: string): number | null {
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(3, 5));
  if (minutes > 14 * 60 || Number(text.slice(3, 5)) > 59) return null;
  return text.startsWith('-') ? -minutes : minutes;
}

const precisions: readonly Precision[] = ['year', 'month', 'day', 'hour', 'minute', 'second', 'fraction'];

function precisionOf(match: RegExpExecArray): Precision {
  const given = match.slice(1, 8).filter((part) => part !== undefined).length;
  return precisions[given - 1] ?? 'year';
}

function isoOf(parts: readonly (string | undefined)[], offsetMinutes: number): string {
  const [year, month, day, hour, minute, second, fraction] = parts;
  const date = [year, month, day].filter((part) => part !== undefined).join('-');
  if (hour === undefined) return date;
  // ISO 8601 has no hour without minutes that readers accept.
  const time = [hour, minute ?? '00', second].filter((part) => part !== undefined).join(':');
  return `${date}T${time}${fraction === undefined ? '' : `.${fraction}`}${isoOffset(offsetMinutes)}`;
}

function isoOffset(minutes: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

/** YYYY, YYYY-MM or YYYY-MM-DD as precise as it was sent; null when it is no date. Digits only are read: no zone, no UTC. */
export function parseBirthDate(text: string): string | null {
  const match = pattern.exec(text.trim());
  if (!match) return null;
  const [, year = '', month, day] = match;
  if (localTime([Number(year), Number(month ?? 1), Number(day ?? 1), 0, 0, 0]) === null) return null;
  return [year, month, day].filter((part) => part !== undefined).join('-');
}

/** Whole years at an instant in the zone's calendar; null unless the birth date is known to the day. */
export function ageYearsAt(birthDate: string | null, epochMs: number, zone: Zone): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(birthDate ?? '');
  if (!match) return null;
  const local = new Date(epochMs + zone.offsetAt(epochMs) * 60_000);
  const years = local.getUTCFullYear() - Number(match[1]);
  const today = (local.getUTCMonth() + 1) * 100 + local.getUTCDate();
  const age = today < Number(match[2]) * 100 + Number(match[3]) ? years - 1 : years;
  return age < 0 ? null : age;
}

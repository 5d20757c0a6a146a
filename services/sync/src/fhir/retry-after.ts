/** Reads Retry-After in both of its forms, seconds and HTTP date (RFC 9110 10.2.3). Pure. */

/** A server that asks for more is asked again after this all the same. */
const longestMs = 3_600_000;

/** Milliseconds from `now`; null when the header is absent or says nothing usable. A date that has passed is 0. */
export function parseRetryAfter(header: string | null, now: number): number | null {
  const raw = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(raw)) return Math.min(Number(raw) * 1_000, longestMs);
  // A date begins with its weekday: Date.parse alone would take "-5" or "2" for years.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(raw)) return null;
  const at = Date.parse(raw);
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now, 0), longestMs);
}

/** The envelope from a record's headers. Total: a record of a foreign producer gets what can be known from its place in the log. Pure. */
import { type Envelope, headerNames } from '@clinstream/contracts';
import type { ConsumedRecord } from '../consumer/types.ts';

type Header = ConsumedRecord['headers'][string];

/** First value of a header as text; null when there is none. */
export function headerText(value: Header): string | null {
  const first = Array.isArray(value) ? value[0] : value;
  if (first === undefined || first === null) return null; // null: a foreign producer's header without a value
  return typeof first === 'string' ? first : first.toString('utf8');
}

/** A header as a number; null when there is none or it is not one. */
export function headerNumber(value: Header): number | null {
  const text = headerText(value);
  const number = text === null || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

export function envelopeOf(record: ConsumedRecord): Envelope {
  const { headers } = record;
  const eventId = headerText(headers[headerNames.eventId]) ?? `${record.topic}:${record.partition}:${record.offset}`;
  return {
    eventId,
    eventType: headerText(headers[headerNames.eventType]) ?? 'Unknown',
    occurredAt: headerNumber(headers[headerNames.occurredAt]) ?? record.timestamp,
    correlationId: headerText(headers[headerNames.correlationId]) ?? eventId,
    traceparent: headerText(headers[headerNames.traceparent]),
    source: headerText(headers[headerNames.source]) ?? 'unknown',
    attempt: Math.max(1, headerNumber(headers[headerNames.attempt]) ?? 1),
  };
}

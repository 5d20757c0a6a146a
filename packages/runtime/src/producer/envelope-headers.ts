/** The envelope as record headers, and how many bytes a record takes in the log. What has its default value is left out. Pure. */
import { type Envelope, headerNames } from '@clinstream/contracts';

export type RecordHeaders = Readonly<Record<string, Buffer | string>>;

export function envelopeHeaders(envelope: Envelope): RecordHeaders {
  const headers: Record<string, string> = {
    [headerNames.eventId]: envelope.eventId,
    [headerNames.eventType]: envelope.eventType,
    [headerNames.occurredAt]: String(envelope.occurredAt),
    [headerNames.correlationId]: envelope.correlationId,
    [headerNames.source]: envelope.source,
  };
  if (envelope.traceparent !== null) headers[headerNames.traceparent] = envelope.traceparent;
  if (envelope.attempt !== 1) headers[headerNames.attempt] = String(envelope.attempt);
  return headers;
}

/** Record overhead (lengths, deltas) is at most this much; a header's lengths at most ten. */
const recordOverhead = 32;
const headerOverhead = 10;

export function recordBytes(key: Buffer | null, value: Buffer | null, headers: RecordHeaders): number {
  let bytes = recordOverhead + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) {
    const text = headers[name] ?? '';
    bytes += headerOverhead + name.length + (typeof text === 'string' ? Buffer.byteLength(text) : text.length);
  }
  return bytes;
}

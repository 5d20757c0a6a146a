/** Header names of every record. Values are UTF-8 text. Never patient data. */
export const headerNames = {
  eventId: 'event-id',
  eventType: 'event-type',
  occurredAt: 'occurred-at',
  correlationId: 'correlation-id',
  traceparent: 'traceparent',
  source: 'source',
  attempt: 'attempt',
} as const;

/** Headers of a record on a dead-letter or retry topic, beside those of the original. */
export const parkedHeaderNames = {
  originTopic: 'origin-topic',
  originPartition: 'origin-partition',
  originOffset: 'origin-offset',
  errorCode: 'error-code',
  stage: 'error-stage',
  attempts: 'attempts',
  firstFailedAt: 'first-failed-at',
  parkedAt: 'parked-at',
  notBefore: 'not-before',
} as const;

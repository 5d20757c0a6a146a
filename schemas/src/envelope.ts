/** What travels beside an event's value: who, when, which, as part of what. Carried in record headers, see headers.ts. */
export type Envelope = {
  /** Deterministic: the same fact published twice carries the same id. */
  readonly eventId: string;
  /** The value's `type`. */
  readonly eventType: string;
  /** Epoch milliseconds, when the fact became true. */
  readonly occurredAt: number;
  /** One id for everything that follows from one message or request. */
  readonly correlationId: string;
  /** W3C trace context, null when the source sent none. */
  readonly traceparent: string | null;
  /** Publishing service. */
  readonly source: string;
  /** 1-based try at handling the event; only retry topics carry more than 1. */
  readonly attempt: number;
};

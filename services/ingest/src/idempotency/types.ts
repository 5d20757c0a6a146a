/**
 * The port of idempotency: one (client, operation, key) belongs to the first content that came under it (ADR 0003).
 * A reservation says nothing about the log: whoever holds one still publishes, and a repeat publishes the same event again.
 */

export type ReservationRequest = {
  /** Client id; `''` where the key is global, as a placer's order number is. */
  readonly client: string;
  readonly operation: string;
  readonly key: string;
  /** Lower-case hex sha-256 of the canonical content. */
  readonly digest: string;
  /** Deterministic id of what is asked for. */
  readonly id: string;
  /** Epoch milliseconds; kept from the first request, so that a repeat publishes equal bytes. */
  readonly requestedAt: number;
};

export type Reservation = {
  /** `conflict`: the key belongs to other content. */
  readonly outcome: 'new' | 'repeat' | 'conflict';
  readonly id: string;
  readonly requestedAt: number;
};

/**
 * Answers come in the order of the requests. Safe to call again with the same arguments.
 * Rejects with AppError POSTGRES_UNAVAILABLE (retryable/dependency) when the store cannot answer in time; nothing was published then.
 */
export type Reservations = {
  reserve(request: ReservationRequest): Promise<Reservation>;
  reserveMany(requests: readonly ReservationRequest[]): Promise<readonly Reservation[]>;
};

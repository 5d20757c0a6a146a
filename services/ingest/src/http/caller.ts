/** Who asks, and what every event that follows carries of the request. */
export type Caller = {
  /** The token's client id, never a person's name. */
  readonly client: string;
  readonly correlationId: string;
  readonly traceparent: string | null;
};

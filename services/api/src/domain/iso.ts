/** Epoch milliseconds as ISO 8601, UTC. Pure. */
export const isoOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

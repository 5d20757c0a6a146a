/**
 * Whose fault is it when a write fails in a way that says nothing: the server's (everybody waits, nobody's tries are counted) or this patient's
 * alone (it is tried a bounded number of times while the others go on)? A server that does not answer a probe, or that fails for several
 * patients in a row without one success between, is at fault itself: a full disk answers reads and fails every write.
 *
 * Invariant: one patient alone never opens the breaker while the server answers, whatever its replies are.
 */
export type Blame = {
  /** Asks the server. Never rejects but for the caller's own abort. */
  decide(patientKey: string, signal: AbortSignal): Promise<'server' | 'patient'>;
  /** A write came through. */
  clear(): void;
};

/** Patients that must fail in a row before it is the server. */
const suspectsBeforeServer = 3;

export function createBlame(probe: (signal: AbortSignal) => Promise<void>): Blame {
  const suspects = new Set<string>();
  return {
    decide: async (patientKey, signal) => {
      suspects.add(patientKey);
      if (suspects.size >= suspectsBeforeServer) {
        // Kept at the brink, not beyond: after the pause the next failure counts again, and the set cannot grow.
        if (suspects.size > suspectsBeforeServer) suspects.delete(suspects.values().next().value ?? '');
        return 'server';
      }
      return await probe(signal).then(
        () => 'patient',
        () => 'server',
      );
    },
    clear: () => suspects.clear(),
  };
}

/** Lets at most so many through at a time, in the order they came. */
export type Gate = {
  /** Resolves with how to leave again, or with null when the signal aborts first. Leaving twice is leaving once. */
  enter(signal: AbortSignal): Promise<(() => void) | null>;
  /** How many are inside. */
  inside(): number;
};

export function createGate(atMost: number): Gate {
  const waiting = new Set<() => void>();
  let inside = 0;

  const letIn = (): (() => void) => {
    inside++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      inside--;
      const [next] = waiting;
      next?.();
    };
  };

  return {
    enter(signal) {
      if (signal.aborted) return Promise.resolve(null);
      if (inside < atMost) return Promise.resolve(letIn());
      return new Promise((resolve) => {
        const end = (leave: (() => void) | null): void => {
          waiting.delete(turn);
          signal.removeEventListener('abort', giveUp);
          resolve(leave);
        };
        const turn = (): void => end(letIn());
        const giveUp = (): void => end(null);
        waiting.add(turn);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
    inside: () => inside,
  };
}

/**
 * Where the log ends, for the lag, while we fetch nothing: full or held back, no fetch tells it. Asks the cluster at most every `everyMs`, one question
 * at a time; a question that fails is asked again at the next occasion. Pure but for the question.
 */
export type LogEnds = { tick(now: number): void };

export type LogEndsOptions<E> = {
  readonly everyMs: number;
  readonly isStalled: () => boolean;
  readonly look: () => Promise<E>;
  readonly onSeen: (ends: E) => void;
};

export function createLogEnds<E>({ everyMs, isStalled, look, onSeen }: LogEndsOptions<E>): LogEnds {
  let isLooking = false;
  let lastAt = 0;
  return {
    tick(now) {
      if (isLooking || now - lastAt < everyMs || !isStalled()) return;
      isLooking = true;
      lastAt = now;
      look()
        .then(onSeen, () => {})
        .finally(() => {
          isLooking = false;
        });
    },
  };
}

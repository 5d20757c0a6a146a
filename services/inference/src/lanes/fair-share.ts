/**
 * How lanes share the model workers: stride scheduling, row by row. Each lane has a position that moves by 1/weight per row taken; the lane
 * furthest behind goes next, ties to the earlier lane. Pure state, no clock.
 *
 * Promise: no lane with waiting work starves (with weights 16, 4, 1 a routine row passes after at most 20 others); a lane alone gets everything;
 * an idle lane saves up no credit; the first waiting row of the heaviest lane is always in the next batch.
 */
import { type Lane, lanes } from '@clinstream/contracts';

export type LaneWeights = Readonly<Record<Lane, number>>;
export const defaultWeights: LaneWeights = { stat: 16, urgent: 4, routine: 1 };

export type FairShare = {
  /** Says that `lane` has work again after it had none. */
  wake(lane: Lane): void;
  /** The lane whose row goes next among those for which `hasWork` is true, or null. */
  next(hasWork: (lane: Lane) => boolean): Lane | null;
  /** Charges one row to the lane. */
  charge(lane: Lane): void;
};

export function createFairShare(weights: LaneWeights = defaultWeights): FairShare {
  const position: Record<Lane, number> = { stat: 0, urgent: 0, routine: 0 };
  /** Where the last row went: nobody wakes up further back. */
  let front = 0;
  return {
    wake: (lane) => {
      position[lane] = Math.max(position[lane], front);
    },
    next: (hasWork) => {
      let best: Lane | null = null;
      for (const lane of lanes) {
        if (hasWork(lane) && (best === null || position[lane] < position[best])) best = lane;
      }
      return best;
    },
    charge: (lane) => {
      front = Math.max(front, position[lane]);
      position[lane] += 1 / weights[lane];
    },
  };
}

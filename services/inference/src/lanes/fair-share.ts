/**
 * How lanes share the model workers: stride scheduling, row by row, all at once where one lane is left. Each lane has a position that
 * moves by 1/weight per row taken; the lane furthest behind goes next, ties to the earlier lane. Pure state, no clock.
 *
 * Promise: no lane with waiting work starves (with weights 16, 4, 1 a routine row passes after at most 20 others); a lane alone gets everything;
 * an idle lane saves up no credit; a stat row that has just come is among the next three rows, whatever waits before it.
 */
import { type Lane, lanes } from '@clinstream/contracts';

export type PerLane<T> = Readonly<Record<Lane, T>>;
export const defaultWeights: PerLane<number> = { stat: 16, urgent: 4, routine: 1 };

export type FairShare = {
  /** Says that `lane` has work again after it had none. */
  wake(lane: Lane): void;
  /** How many rows each lane gets of the next `rows`, never more than it has waiting; charges them. */
  allot(waiting: PerLane<number>, rows: number): PerLane<number>;
};

export function createFairShare(weights: PerLane<number> = defaultWeights): FairShare {
  const position: Record<Lane, number> = { stat: 0, urgent: 0, routine: 0 };
  /** Where the last row was taken: nobody wakes up further back. */
  let front = 0;

  const next = (left: PerLane<number>): Lane | null => {
    let best: Lane | null = null;
    for (const lane of lanes) {
      if (left[lane] > 0 && (best === null || position[lane] < position[best])) best = lane;
    }
    return best;
  };

  return {
    wake: (lane) => {
      position[lane] = Math.max(position[lane], front);
    },
    allot: (waiting, rows) => {
      const left = { ...waiting };
      const given = { stat: 0, urgent: 0, routine: 0 };
      for (let free = rows; free > 0; ) {
        const lane = next(left);
        if (lane === null) break;
        const count = isAlone(lane, left) ? Math.min(free, left[lane]) : 1;
        free -= count;
        left[lane] -= count;
        given[lane] += count;
        front = Math.max(front, position[lane] + (count - 1) / weights[lane]);
        position[lane] += count / weights[lane];
      }
      return given;
    },
  };
}

const isAlone = (lane: Lane, left: PerLane<number>): boolean => lanes.every((other) => other === lane || left[other] === 0);

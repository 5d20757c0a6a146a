/**
 * Jobs waiting for a model worker, and how they become batches. No clock, no IO.
 *
 * Promise: a batch holds one model's jobs, first come first served within a lane; lanes share its rows by fair-share.ts; a job to be run alone
 * (it was in a batch that failed) is a batch of one; what a batch is made of first is decided by the longest waiting job of the lane whose
 * turn it is, so that no model starves another and lone jobs are not passed over.
 */
import { type Lane, lanes } from '@clinstream/contracts';
import type { FairShare, PerLane } from '../../lanes/fair-share.ts';
import { createLine, type Line, type Ordered } from './line.ts';

export type QueuedJob = Ordered & {
  readonly lane: Lane;
  /** Index of the model. */
  readonly model: number;
  readonly alone: boolean;
};

export type JobQueue<J extends QueuedJob> = {
  readonly size: number;
  waiting(lane: Lane): number;
  push(job: J): void;
  /** Jobs that were handed out and did not run go back before all others. */
  putBack(jobs: readonly J[]): void;
  /** The next batch of at most `maxRows` rows; empty when nothing waits. */
  takeBatch(maxRows: number): J[];
  /** Everything that waits, leaving the queue empty. */
  takeAll(): J[];
};

/** A lane's lines: one per model, one for lone jobs. */
type LaneLines<J extends QueuedJob> = { readonly alone: Line<J>; readonly models: Line<J>[] };

export function createJobQueue<J extends QueuedJob>(share: FairShare): JobQueue<J> {
  const lines: PerLane<LaneLines<J>> = { stat: createLines(), urgent: createLines(), routine: createLines() };
  const sizes: Record<Lane, number> = { stat: 0, urgent: 0, routine: 0 };
  let newest = 0;

  const lineOf = ({ lane, model, alone }: J): Line<J> => {
    if (alone) return lines[lane].alone;
    const { models } = lines[lane];
    while (models.length <= model) models.push(createLine());
    return models[model] as Line<J>;
  };
  const added = (lane: Lane, count: number): void => {
    if (sizes[lane] === 0) share.wake(lane);
    sizes[lane] += count;
  };
  const taken = (lane: Lane, jobs: J[]): J[] => {
    sizes[lane] -= jobs.length;
    return jobs;
  };

  return {
    get size() {
      return sizes.stat + sizes.urgent + sizes.routine;
    },
    waiting: (lane) => sizes[lane],
    push: (job) => {
      job.order = ++newest;
      lineOf(job).push(job);
      added(job.lane, 1);
    },
    putBack: (jobs) => {
      for (const lane of lanes) {
        const own = jobs.filter((job) => job.lane === lane);
        if (own[0] === undefined) continue;
        lineOf(own[0]).unshift(own);
        added(lane, own.length);
      }
    },
    takeBatch: (maxRows) => {
      const turn = onlyLane(share.allot(sizes, 1));
      if (turn === null) return [];
      const { alone, models } = lines[turn];
      const model = oldest(models);
      if (alone.headOrder < (models[model]?.headOrder ?? Number.POSITIVE_INFINITY)) return taken(turn, alone.take(1));
      const waiting = (lane: Lane): number => lines[lane].models[model]?.length ?? 0;
      const first = taken(turn, models[model]?.take(1) ?? []);
      const rest = share.allot({ stat: waiting('stat'), urgent: waiting('urgent'), routine: waiting('routine') }, maxRows - 1);
      return first.concat(...lanes.map((lane) => taken(lane, lines[lane].models[model]?.take(rest[lane]) ?? [])));
    },
    takeAll: () =>
      lanes.flatMap((lane) => [lines[lane].alone, ...lines[lane].models].flatMap((line) => taken(lane, line.take(line.length)))),
  };
}

const createLines = <J extends QueuedJob>(): LaneLines<J> => ({ alone: createLine(), models: [] });

const onlyLane = (given: PerLane<number>): Lane | null => lanes.find((lane) => given[lane] > 0) ?? null;

/** Index of the line whose first job waits longest; 0 when all are empty. */
function oldest(candidates: readonly { readonly headOrder: number }[]): number {
  let best = 0;
  for (let i = 1; i < candidates.length; i++) {
    if ((candidates[i]?.headOrder ?? 0) < (candidates[best]?.headOrder ?? 0)) best = i;
  }
  return best;
}

/**
 * Jobs waiting for a model worker, in order per lane and model, and how they become batches. No clock, no IO.
 *
 * Promise: a batch holds one model's jobs, first come first served within a lane; lanes share its rows by fair-share.ts; a job to be run alone
 * (it was in a batch that killed its worker) is a batch of one; the model of a batch is that of the longest waiting job of the lane whose turn
 * it is, so that no model starves another. Jobs whose caller has given up are dropped when their turn comes.
 */
import { type Lane, lanes } from '@clinstream/contracts';
import type { FairShare } from '../../lanes/fair-share.ts';

export type QueuedJob = {
  readonly lane: Lane;
  /** Index of the model. */
  readonly model: number;
  readonly alone: boolean;
  /** Nobody waits for the answer any more. */
  isAbandoned(): boolean;
};

export type JobQueue<J extends QueuedJob> = {
  readonly size: number;
  waiting(lane: Lane): number;
  push(job: J): void;
  /** Jobs that were handed out and did not run go back before all others. */
  putBack(jobs: readonly J[]): void;
  /** The next batch of at most `maxRows` rows; empty when nothing waits. `onAbandoned` gets the jobs dropped on the way. */
  takeBatch(maxRows: number, onAbandoned: (job: J) => void): J[];
  /** Everything that waits, leaving the queue empty. */
  takeAll(): J[];
};

export function createJobQueue<J extends QueuedJob>(share: FairShare): JobQueue<J> {
  const waiting: Record<Lane, LaneQueue<J>> = { stat: createLaneQueue(), urgent: createLaneQueue(), routine: createLaneQueue() };
  const hasAny = (lane: Lane): boolean => waiting[lane].size > 0;

  const put = (job: J, add: (queue: LaneQueue<J>) => void): void => {
    if (waiting[job.lane].size === 0) share.wake(job.lane);
    add(waiting[job.lane]);
  };

  /** The next job by turns among the lanes that have one; abandoned ones are passed over. */
  const take = (
    hasOne: (lane: Lane) => boolean,
    shift: (queue: LaneQueue<J>) => J | null,
    onAbandoned: (job: J) => void,
  ): J | null => {
    for (let lane = share.next(hasOne); lane !== null; lane = share.next(hasOne)) {
      const job = shift(waiting[lane]);
      if (job === null) return null;
      if (!job.isAbandoned()) {
        share.charge(lane);
        return job;
      }
      onAbandoned(job);
    }
    return null;
  };

  return {
    get size() {
      return lanes.reduce((sum, lane) => sum + waiting[lane].size, 0);
    },
    waiting: (lane) => waiting[lane].size,
    push: (job) => put(job, (queue) => queue.push(job)),
    putBack: (jobs) => {
      for (const job of [...jobs].reverse()) put(job, (queue) => queue.unshift(job));
    },
    takeBatch: (maxRows, onAbandoned) => {
      const first = take(hasAny, (queue) => queue.shiftOldest(), onAbandoned);
      if (first === null) return [];
      const batch = [first];
      const hasCompanion = (lane: Lane): boolean => waiting[lane].hasCompanion(first.model);
      while (!first.alone && batch.length < maxRows) {
        const job = take(hasCompanion, (queue) => queue.shiftCompanion(first.model), onAbandoned);
        if (job === null) break;
        batch.push(job);
      }
      return batch;
    },
    takeAll: () => lanes.flatMap((lane) => waiting[lane].takeAll()),
  };
}

/** One lane's jobs: a first-in first-out line per model, numbered so that the oldest of all lines can be found. */
type LaneQueue<J> = {
  readonly size: number;
  push(job: J): void;
  unshift(job: J): void;
  shiftOldest(): J | null;
  /** Whether the next job of the model may share a batch. */
  hasCompanion(model: number): boolean;
  shiftCompanion(model: number): J | null;
  takeAll(): J[];
};

function createLaneQueue<J extends QueuedJob>(): LaneQueue<J> {
  const lines: Line<J>[] = [];
  let size = 0;
  let newest = 0;
  let oldest = 0;
  const lineOf = (model: number): Line<J> => {
    while (lines.length <= model) lines.push(createLine());
    return lines[model] as Line<J>;
  };
  const shift = (line: Line<J> | undefined): J | null => {
    const job = line?.shift() ?? null;
    if (job !== null) size--;
    return job;
  };
  return {
    get size() {
      return size;
    },
    push: (job) => {
      lineOf(job.model).push(job, ++newest);
      size++;
    },
    unshift: (job) => {
      lineOf(job.model).unshift(job, --oldest);
      size++;
    },
    shiftOldest: () => {
      let line: Line<J> | undefined;
      for (const candidate of lines) {
        if (candidate.headNumber() < (line?.headNumber() ?? Number.POSITIVE_INFINITY)) line = candidate;
      }
      return shift(line);
    },
    hasCompanion: (model) => lines[model]?.head()?.alone === false,
    shiftCompanion: (model) => shift(lines[model]),
    takeAll: () => {
      size = 0;
      return lines.flatMap((line) => line.takeAll());
    },
  };
}

/** First in, first out, without moving the rest at every step. */
type Line<J> = {
  push(job: J, number: number): void;
  unshift(job: J, number: number): void;
  shift(): J | null;
  head(): J | null;
  /** Infinity when empty. */
  headNumber(): number;
  takeAll(): J[];
};

function createLine<J>(): Line<J> {
  let jobs: { readonly job: J; readonly number: number }[] = [];
  let start = 0;
  const compact = (): void => {
    if (start < 1024 || start * 2 < jobs.length) return;
    jobs = jobs.slice(start);
    start = 0;
  };
  return {
    push: (job, number) => {
      jobs.push({ job, number });
    },
    unshift: (job, number) => {
      jobs = [{ job, number }, ...jobs.slice(start)];
      start = 0;
    },
    shift: () => {
      const entry = jobs[start];
      if (entry === undefined) return null;
      start++;
      if (start === jobs.length) {
        jobs = [];
        start = 0;
      } else compact();
      return entry.job;
    },
    head: () => jobs[start]?.job ?? null,
    headNumber: () => jobs[start]?.number ?? Number.POSITIVE_INFINITY,
    takeAll: () => {
      const all = jobs.slice(start).map((entry) => entry.job);
      jobs = [];
      start = 0;
      return all;
    },
  };
}

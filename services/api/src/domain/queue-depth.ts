/** How many jobs wait and run per lane, kept as differences: what a job counted before a flush and what it counts after. Pure. */
import { type AnalysisState, type Lane, laneOf } from '@clinstream/contracts';

export type DepthChange = {
  readonly lane: Lane;
  /** Of the log, so that two sinks rarely touch one row. */
  readonly partition: number;
  readonly requestedSecond: number;
  readonly waiting: number;
  readonly running: number;
};

/** Where lists place a job: when it was requested; a job whose request is still to come stands where it started or ended. */
export const sortAtOf = (state: AnalysisState): number => state.requestedAt ?? state.startedAt ?? state.endedAt ?? 0;

export function createDepthChanges() {
  const changes = new Map<string, { -readonly [K in keyof DepthChange]: DepthChange[K] }>();
  const add = (state: AnalysisState | null, partition: number, by: 1 | -1): void => {
    const counts = state === null ? null : countsOf(state.status);
    if (state === null || counts === null) return;
    const lane = laneOf(state.priority);
    const requestedSecond = Math.floor(sortAtOf(state) / 1000);
    const key = `${lane} ${partition} ${requestedSecond}`;
    const known = changes.get(key) ?? { lane, partition, requestedSecond, waiting: 0, running: 0 };
    known[counts] += by;
    changes.set(key, known);
  };
  return {
    /** The job counted as `before` and now counts as `after`. */
    moved(before: AnalysisState | null, after: AnalysisState, partition: number): void {
      add(before, partition, -1);
      add(after, partition, 1);
    },
    /** What differs, always in the same order, so that two sinks take rows in the same order. */
    list: (): readonly DepthChange[] =>
      [...changes.entries()]
        .filter(([, change]) => change.waiting !== 0 || change.running !== 0)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, change]) => change),
  };
}

function countsOf(status: AnalysisState['status']): 'waiting' | 'running' | null {
  if (status === 'queued' || status === 'pending') return 'waiting';
  return status === 'running' ? 'running' : null;
}

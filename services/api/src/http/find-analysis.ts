/**
 * One job as it stands, or as it stands once it ended or the wait is over.
 *
 *   there                                             as it is
 *   absent, no position given                         null: unknown
 *   absent, position not read from the log yet        pending
 *   absent, position read                             null: unknown
 */
import { isEnded, type LogPosition, topics } from '@clinstream/contracts';
import type { StoredAnalysis } from '../domain/analysis-view.ts';
import type { JobWatch } from './job-watch.ts';

export type PositionDeps = {
  /** First offset of the partition not read yet; null when nothing of it was read. */
  readonly readPosition: (position: LogPosition) => Promise<number | null>;
};
export type FindDeps = PositionDeps & { readonly watch: JobWatch<StoredAnalysis> };
export type FindOptions = { readonly position: LogPosition | null; readonly waitMs: number; readonly signal: AbortSignal };
export type Found = StoredAnalysis | 'pending' | null;

export async function findAnalysis(deps: FindDeps, jobId: string, options: FindOptions): Promise<Found> {
  const { position, waitMs, signal } = options;
  let first = await deps.watch.look(jobId);
  if (first === null && !(await isAhead(deps, position))) {
    first = await lookAgain(deps, jobId, position);
    if (first === null) return null;
  }
  if (waitMs === 0) return first ?? 'pending';
  if (first !== null && isEnded(first.state.status)) return afterReview(deps, first, options);
  let last: StoredAnalysis | null = first;
  const until = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  await deps.watch.follow(jobId, { endOnly: true, signal: until }, (job) => {
    last = job ?? last;
    return last !== null && isEnded(last.state.status);
  });
  if (last !== null) return last;
  return (await isAhead(deps, position)) ? 'pending' : lookAgain(deps, jobId, position);
}

/** The position of a review, with a wait: once that review is taken into account. */
async function afterReview(
  deps: FindDeps,
  job: StoredAnalysis,
  { position, waitMs, signal }: FindOptions,
): Promise<StoredAnalysis> {
  if (position?.topic !== topics.reviews || !(await isAhead(deps, position))) return job;
  let last = job;
  const until = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  await deps.watch.follow(job.state.jobId, { endOnly: true, signal: until }, (seen) => {
    last = seen ?? last;
    return last.state.version > job.state.version;
  });
  return last;
}

/** Whether the position is still to be read. */
export async function isAhead({ readPosition }: PositionDeps, position: LogPosition | null): Promise<boolean> {
  return position !== null && ((await readPosition(position)) ?? 0) <= position.offset;
}

/** The row may have been written between the look at the table and the look at the position, which move together. */
const lookAgain = async ({ watch }: FindDeps, jobId: string, position: LogPosition | null): Promise<StoredAnalysis | null> =>
  position === null ? null : watch.look(jobId);

/**
 * One job as it stands, or as it stands once it ended or the wait is over.
 *
 *   there                                             as it is
 *   absent, no position given                         null: unknown
 *   absent, position not read from the log yet        pending
 *   absent, position read                             null: unknown
 */
import { isEnded, type LogPosition, topics } from '@clinstream/contracts';
import type { JobWatch } from './job-watch.ts';
import type { ShownAnalysis } from './sql/read-shown.ts';

export type PositionDeps = {
  /** First offset of the partition not read yet; null when nothing of it was read. */
  readonly readPosition: (position: LogPosition) => Promise<number | null>;
};
export type FindDeps = PositionDeps & {
  readonly watch: JobWatch<ShownAnalysis>;
  /** A hint: what has not been applied yet. */
  readonly isComing: (position: LogPosition) => boolean;
};
export type FindOptions = { readonly position: LogPosition | null; readonly waitMs: number; readonly signal: AbortSignal };
export type Found = ShownAnalysis | 'pending' | null;

export async function findAnalysis(deps: FindDeps, jobId: string, options: FindOptions): Promise<Found> {
  if (options.waitMs === 0) return findNow(deps, jobId, options.position);
  const job = await untilEnded(deps, jobId, options);
  if (job === null) return findNow(deps, jobId, options.position);
  return isEnded(job.state.status) ? afterReview(deps, job, options) : job;
}

async function findNow(deps: FindDeps, jobId: string, position: LogPosition | null): Promise<Found> {
  const job = await deps.watch.look(jobId);
  if (job !== null) return job;
  return (await isAhead(deps, position)) ? 'pending' : lookAgain(deps, jobId, position);
}

/** The job as last seen; null when it was never seen. A job nobody can know is not waited for. */
async function untilEnded(
  deps: FindDeps,
  jobId: string,
  { position, waitMs, signal }: FindOptions,
): Promise<ShownAnalysis | null> {
  const unknown = new AbortController();
  const giveUpIfUnknown = async (): Promise<void> => {
    if (await isAhead(deps, position)) return;
    if ((await lookAgain(deps, jobId, position)) === null) unknown.abort();
  };
  let last: ShownAnalysis | null = null;
  const until = AbortSignal.any([signal, unknown.signal, AbortSignal.timeout(waitMs)]);
  const firstLookMs = position !== null && deps.isComing(position) ? beforeDoubtMs : 0;
  const timer = setTimeout(() => void (last ?? giveUpIfUnknown().catch(() => {})), beforeDoubtMs);
  await deps.watch
    .follow(jobId, { endOnly: true, firstLookMs, signal: until }, (job) => {
      last = job ?? last;
      return last !== null && isEnded(last.state.status);
    })
    .finally(() => clearTimeout(timer));
  return last;
}

/** As a rule the position is still to be read and the job on its way: asking for each whether it can be known costs more than it tells. */
const beforeDoubtMs = 200;

/** The position of a review, with a wait: once that review is taken into account. */
async function afterReview(
  deps: FindDeps,
  job: ShownAnalysis,
  { position, waitMs, signal }: FindOptions,
): Promise<ShownAnalysis> {
  if (position?.topic !== topics.reviews) return job;
  // Read by now, perhaps since the look.
  if (!(await isAhead(deps, position))) return (await lookAgain(deps, job.state.jobId, position)) ?? job;
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
const lookAgain = async ({ watch }: FindDeps, jobId: string, position: LogPosition | null): Promise<ShownAnalysis | null> =>
  position === null ? null : watch.look(jobId);

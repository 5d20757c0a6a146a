/**
 * The jobs that have not ended, as last written, so that an end need not read what its request wrote a moment ago.
 * A guess, never the truth: every write built on it names the version it expects (update-rows.ts) or that there is no row (insert-rows.ts).
 * An event that changes nothing writes nothing and is not checked: states only ever grow, so what is old for a remembered state is old for
 * the stored one, as long as rows do not go back in time. They can only together with their offsets, which every flush checks.
 * Bounded: the job remembered longest is forgotten first.
 */
import { isEnded } from '@clinstream/contracts';
import type { KnownAnalysis } from './analysis-tables.ts';

export type JobMemory = ReturnType<typeof createJobMemory>;

export function createJobMemory(limit: number) {
  const jobs = new Map<string, KnownAnalysis>();
  return {
    get: (jobId: string): KnownAnalysis | undefined => jobs.get(jobId),
    remember(known: KnownAnalysis): void {
      const { jobId, status } = known.state;
      jobs.delete(jobId);
      if (isEnded(status)) return;
      jobs.set(jobId, known);
      if (jobs.size > limit) jobs.delete(jobs.keys().next().value ?? '');
    },
    clear: (): void => jobs.clear(),
  };
}

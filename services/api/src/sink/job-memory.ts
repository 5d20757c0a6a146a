/**
 * The jobs that have not ended or whose request is still to come, as last written, so that an end need not read what its request wrote a moment ago.
 * A guess, never the truth: every write built on it names the version it expects (update-rows.ts) or that there is no row (insert-rows.ts).
 * An event that changes nothing writes nothing and is not checked: states only ever grow, so what is old for a remembered state is old for
 * the stored one, as long as rows do not go back in time. They can only together with their offsets, which every flush checks.
 * Bounded by two generations: when the younger is full the elder is forgotten and the younger takes its place. (Forgetting one by one from
 * the front of a Map walks over all that was deleted before it, which was an eighth of the sink's CPU under a backlog.)
 */
import { isEnded } from '@clinstream/contracts';
import type { KnownAnalysis } from './analysis-tables.ts';

export type JobMemory = ReturnType<typeof createJobMemory>;

export function createJobMemory(limit: number) {
  let elder = new Map<string, KnownAnalysis>();
  let younger = new Map<string, KnownAnalysis>();
  const forget = (jobId: string): void => {
    if (!younger.delete(jobId)) elder.delete(jobId);
  };
  return {
    get: (jobId: string): KnownAnalysis | undefined => younger.get(jobId) ?? elder.get(jobId),
    remember(known: KnownAnalysis): void {
      const { jobId, status, requestedGeneration } = known.state;
      forget(jobId);
      // An end that came before its request is completed by it: without memory that would look like a new job.
      if (isEnded(status) && requestedGeneration > 0) return;
      if (younger.size >= limit / 2) {
        elder = younger;
        younger = new Map();
      }
      younger.set(jobId, known);
    },
    clear(): void {
      elder.clear();
      younger.clear();
    },
  };
}

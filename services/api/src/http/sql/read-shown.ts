/** Jobs with where they stand in each target: two statements in one round trip, for all that are asked for at the same moment. */
import type { DeliveryState } from '@clinstream/contracts';
import type { Postgres } from '@clinstream/runtime/postgres';
import type { StoredAnalysis } from '../../domain/analysis-view.ts';
import { readAnalyses } from './read-analyses.ts';
import { type DeliverySubject, readDeliveries } from './read-deliveries.ts';

export type ShownAnalysis = StoredAnalysis & { readonly deliveries: readonly DeliveryState[] };

export async function readShown(
  db: Pick<Postgres, 'session'>,
  jobIds: readonly string[],
): Promise<ReadonlyMap<string, ShownAnalysis>> {
  const [jobs, deliveriesOf] = await db.session((session) =>
    Promise.all([readAnalyses(session, jobIds), readDeliveries(session, jobIds.map(subjectOf))]),
  );
  return new Map(Array.from(jobs, ([jobId, job]) => [jobId, { ...job, deliveries: deliveriesOf(subjectOf(jobId)) }]));
}

const subjectOf = (jobId: string): DeliverySubject => ({ subjectKind: 'analysis', subjectId: jobId });

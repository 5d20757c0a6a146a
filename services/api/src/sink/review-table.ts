/** What people said about the results of one job, per row of api.analysis_reviews; absent while nobody said anything. */
import type { AnalysisReview, AnalysisState } from '@clinstream/contracts';
import { sortAtOf } from '../domain/queue-depth.ts';
import { column, type Table } from './sql/table.ts';

const newest = (state: AnalysisState): AnalysisReview | undefined => state.reviews.at(-1);

export const reviewRows: Table<AnalysisState> = {
  name: 'api.analysis_reviews',
  key: 'job_id',
  columns: [
    column('job_id', 'text', (s) => s.jobId),
    column('generation', 'integer', (s) => newest(s)?.generation ?? 0),
    column('attempt', 'integer', (s) => newest(s)?.attempt ?? 0),
    column('decision', 'text', (s) => newest(s)?.decision ?? ''),
    column('reviews', 'text', (s) => JSON.stringify(s.reviews)),
    column('sort_at', 'bigint', sortAtOf),
    column('version', 'integer', (s) => s.version),
  ],
};

/** Whether the row would differ. Lists of reviewed jobs go by their time, too. */
export const reviewDiffers = (a: AnalysisState | null, b: AnalysisState): boolean =>
  b.reviews.length > 0 && (a === null || a.reviews !== b.reviews || sortAtOf(a) !== sortAtOf(b));

export const reviewsFromText = (text: string | null): readonly AnalysisReview[] =>
  text === null ? [] : (JSON.parse(text) as readonly AnalysisReview[]);

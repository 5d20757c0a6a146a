/** What is counted and said about deliveries. Codes and ids only; what a target said stays in the ledger. */
import { sleep } from '@clinstream/runtime/errors';
import type { Queryable } from '@clinstream/runtime/postgres';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import { isReplaying } from '../intake/sql/offsets.ts';
import type { Report } from '../ledger/ledger.ts';
import { readDepth } from '../ledger/sql/depth.ts';
import { syncMetrics } from '../metrics.ts';
import type { TargetName } from './target.ts';

const depthEveryMs = 5_000;

export function createReporting(target: TargetName, telemetry: Telemetry) {
  const metrics = createMetrics(telemetry.registry, syncMetrics);
  const log = telemetry.log.child({ component: 'dispatcher' });
  const { now } = telemetry.clock;

  const countOne = ({ work, verdict, settled }: Report): void => {
    const code = 'code' in verdict ? verdict.code : '';
    const outcome =
      settled.event === null ? (settled.retryInMs === null ? 'unchanged' : 'retry') : (settled.row.outcome ?? 'retry');
    metrics.outcomes.labels({ target, outcome, error_code: code }).inc();
    if (settled.event === null) return;
    metrics.deliveryLag.labels({ target }).observe(Math.max(0, now() - work.waitingSince) / 1_000);
    if (outcome === 'rejected' || outcome === 'needs_review')
      log.error(
        { dependency: target, kind: work.subject.kind, subject: subjectOf(work), outcome, code, attempts: settled.row.attempts },
        'a delivery was not accepted; the ledger has what the target said',
      );
  };

  const look = async (db: Queryable): Promise<void> => {
    const { waiting, oldest, needs_review } = await readDepth(db, target);
    metrics.waiting.labels({ target }).set(waiting);
    metrics.oldest.labels({ target }).set(oldest === null ? 0 : Math.max(0, now() - oldest) / 1_000);
    metrics.needsReview.labels({ target }).set(needs_review);
    metrics.replaying.labels({ target }).set((await isReplaying(db, target)) ? 1 : 0);
  };

  return {
    settled: (reports: readonly Report[]): void => reports.forEach(countOne),
    overtaken: (): void => metrics.fenced.labels({ target }).inc(),
    async watchDepth(db: Queryable, signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        // Our store away says so itself; the figures stay as they were.
        await look(db).catch(() => {});
        await sleep(depthEveryMs, signal);
      }
    },
  };
}

/** A patient's id is the patient key, which never reaches a log. */
const subjectOf = ({ subject, id }: Report['work']): string => (subject.kind === 'patient' ? '' : id);

/** One look at one kind of resource: page by page, each remembered, published and remembered again before the cursor moves past it. */
import { topics } from '@clinstream/contracts';
import type { Clock } from '@clinstream/runtime/lifecycle';
import type { EventProducer } from '@clinstream/runtime/producer';
import type { createMetrics, Logger } from '@clinstream/runtime/telemetry';
import type { RenderSettings } from '../../domain/fhir/types.ts';
import type { FhirClient } from '../client.ts';
import type { fhirMetrics } from '../metrics.ts';
import { searchPages } from './pages.ts';
import { type Reading, readPage, sourceOf } from './read-page.ts';
import type { PolledRow, PollStore } from './store.ts';

export const polledKinds = ['ServiceRequest', 'Task'] as const;
export type PolledKind = (typeof polledKinds)[number];

export type LookDeps = {
  readonly client: FhirClient;
  readonly store: PollStore;
  readonly producer: Pick<EventProducer, 'publish'>;
  readonly settings: RenderSettings;
  readonly overlapMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ReturnType<typeof createMetrics<typeof fhirMetrics>>;
  readonly signal: AbortSignal;
};

const pageSize = 100;

/** Does nothing while another instance reads. Rejects with what ended it early; the cursor stands at the last page that was done. */
export async function lookAtKind(kind: PolledKind, deps: LookDeps): Promise<void> {
  const { client, store, clock, overlapMs, signal } = deps;
  const readUntil = await store.claim(kind, clock.now() - overlapMs);
  if (readUntil === null) return;
  try {
    const progress = createProgress(readUntil, clock.now());
    for await (const page of searchPages(client, queryOf(kind, readUntil - overlapMs), kind, signal)) {
      const reading = await readPage(kind, page, deps);
      const done = progress.after(page.map((one) => sourceOf(one, '')?.lastUpdated ?? null));
      if (!(await settle(kind, reading, done, deps))) return;
    }
    await store.save(kind, [], progress.end());
    deps.metrics.pollCursor.labels({ kind }).set(progress.end() / 1_000);
  } finally {
    await store.release(kind).catch(() => {});
  }
}

function queryOf(kind: PolledKind, sinceMs: number): string {
  const since = encodeURIComponent(`ge${new Date(Math.max(0, sinceMs)).toISOString()}`);
  return `${kind}?_lastUpdated=${since}&_sort=_lastUpdated&_count=${pageSize}`;
}

/** False when another instance reads now. */
async function settle(kind: PolledKind, reading: Reading, readUntil: number | null, deps: LookDeps): Promise<boolean> {
  const { rows, events } = reading;
  const { store, producer } = deps;
  if (events.length > 0 && !(await store.save(kind, rows, null))) return false;
  await Promise.all(
    events.map(({ value, envelope }) => producer.publish({ topic: topics.orders, key: value.patientKey, value, envelope })),
  );
  const isHeld = await store.save(kind, rows.map(confirmed), readUntil);
  if (isHeld) tell(reading, deps);
  return isHeld;
}

function tell({ rows, counts }: Reading, { log, metrics }: LookDeps): void {
  const parked = rows.filter(({ outcome }) => outcome === 'parked');
  for (const { code, kind } of parked)
    log.warn(
      { component: 'fhir-poller', code: 'FHIR_ORDER_UNUSABLE', kind, reason: code },
      'an order made in the FHIR server is unusable',
    );
  const published = rows.length - parked.length;
  const outcomes = { published, parked: parked.length + counts.unreadable, ours: counts.ours, ignored: counts.ignored };
  for (const [outcome, count] of Object.entries(outcomes)) if (count > 0) metrics.polled.labels({ outcome }).inc(count);
}

const confirmed = (row: PolledRow): PolledRow =>
  row.outcome === 'publishing' && row.told !== null
    ? { ...row, outcome: 'published', told: { ...row.told, confirmed: true } }
    : row;

/**
 * How far a look has come. In order of time, all before a page's newest is done; a server that does not sort proves nothing before its last page.
 */
function createProgress(from: number, now: number) {
  let newest = from;
  let isSorted = true;
  return {
    after: (times: readonly (number | null)[]): number | null => {
      for (const time of times) {
        if (time === null) continue;
        // The overlap begins before `from`, so that only times beyond it tell.
        if (time < newest && time > from) isSorted = false;
        // A time to come would blind every look until then.
        newest = Math.max(newest, Math.min(time, now));
      }
      return isSorted ? newest : null;
    },
    end: (): number => newest,
  };
}

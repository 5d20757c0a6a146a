/**
 * Brings back in what others ordered in the FHIR server: reads ServiceRequests and Tasks changed since the last look, page by page, and publishes
 * order events (facts 3.3, 6.3). One instance reads at a time (a lease); the cursor moves only after Kafka confirmed.
 *
 *   claim ──> page: decide ──> remember as "publishing" ──> publish (acks=all) ──> remember as published + move the cursor ──> next page
 *
 * Promise: every version seen ends as an event, as of no concern, or parked where people see it (sync.polled_resources, gauge, one log line); a crash
 * anywhere repeats the page, and the same version gives the same event ids. Each look reaches back by an overlap, so that a transaction that
 * committed late, or a change within the same second, is not missed.
 * Not promised: orders made before the first start of all, unless a Task asks for them; every single version between two looks: the newest counts.
 */
import { randomUUID } from 'node:crypto';
import { topics } from '@clinstream/contracts';
import { type AppError, backOffDelay, classify, dependencyBackOff, sleep } from '@clinstream/runtime/errors';
import type { Component } from '@clinstream/runtime/lifecycle';
import type { Postgres } from '@clinstream/runtime/postgres';
import type { EventProducer } from '@clinstream/runtime/producer';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import type { RenderSettings } from '../domain/fhir/types.ts';
import type { FhirConfig } from './config.ts';
import type { FhirConnection } from './connection.ts';
import { fhirMetrics } from './metrics.ts';
import { searchPages } from './poll/pages.ts';
import { type Reading, readPage, sourceOf } from './poll/read-page.ts';
import { createPollStore, type PolledRow } from './poll/store.ts';

export type FhirPollerDeps = {
  readonly telemetry: Telemetry;
  readonly connection: FhirConnection;
  readonly postgres: Postgres;
  readonly producer: Pick<EventProducer, 'publish'>;
  readonly settings: RenderSettings;
};

export type FhirPoller = Component & {
  /** One look now, of both kinds; rejects with what ended it early. For tests and for those who wait. */
  look(): Promise<void>;
};

const kinds = ['ServiceRequest', 'Task'] as const;
type Kind = (typeof kinds)[number];
const pageSize = 100;
const leaseMs = 60_000;

export function createFhirPoller(config: Pick<FhirConfig, 'pollIntervalMs' | 'pollOverlapMs'>, deps: FhirPollerDeps): FhirPoller {
  const { telemetry, connection, postgres } = deps;
  const { clock, log } = telemetry;
  const metrics = createMetrics(telemetry.registry, fhirMetrics);
  const stopping = new AbortController();
  const { client } = connection;
  const store = createPollStore({ postgres, server: client.baseUrl, holder: randomUUID(), leaseMs, now: clock.now });
  let running: Promise<void> = Promise.resolve();
  let failing: AppError | null = null;

  async function lookAt(kind: Kind): Promise<void> {
    const readUntil = await store.claim(kind, clock.now() - config.pollOverlapMs);
    if (readUntil === null) return;
    try {
      const since = new Date(Math.max(0, readUntil - config.pollOverlapMs)).toISOString();
      const query = `${kind}?_lastUpdated=${encodeURIComponent(`ge${since}`)}&_sort=_lastUpdated&_count=${pageSize}`;
      const progress = createProgress(readUntil, clock.now());
      for await (const page of searchPages(client, query, kind, stopping.signal)) {
        const reading = await readPage(kind, page, { client, store, settings: deps.settings, signal: stopping.signal });
        const isHeld = await settle(kind, reading, progress.after(page.map((one) => sourceOf(one, '')?.lastUpdated ?? null)));
        if (!isHeld) return;
      }
      await store.save(kind, [], progress.end());
      metrics.pollCursor.labels({ kind }).set(progress.end() / 1_000);
    } finally {
      await store.release(kind).catch(() => {});
    }
  }

  /** False when another instance reads now. */
  async function settle(kind: Kind, { rows, events, counts }: Reading, readUntil: number | null): Promise<boolean> {
    if (events.length > 0 && !(await store.save(kind, rows, null))) return false;
    await Promise.all(
      events.map(({ value, envelope }) =>
        deps.producer.publish({ topic: topics.orders, key: value.patientKey, value, envelope }),
      ),
    );
    const isHeld = await store.save(kind, rows.map(confirmed), readUntil);
    if (isHeld) tell(rows, counts);
    return isHeld;
  }

  function tell(rows: readonly PolledRow[], counts: Reading['counts']): void {
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

  async function look(): Promise<void> {
    for (const kind of kinds) await lookAt(kind);
    metrics.pollParked.set(await store.parked());
  }

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      const error = await look().then(
        () => null,
        (thrown: unknown) => classify(thrown, 'outbound'),
      );
      failures = error === null ? 0 : failures + 1;
      if (!stopping.signal.aborted) note(error);
      const pause = Math.max(config.pollIntervalMs, failures === 0 ? 0 : backOffDelay(dependencyBackOff, failures));
      await sleep(Math.max(pause, error?.retryAfterMs ?? 0), stopping.signal);
    }
  }

  /** One line when it begins to fail and one when it is over. */
  function note(error: AppError | null): void {
    if (error !== null) metrics.pollFailures.labels({ error_code: error.code }).inc();
    if (error !== null && failing === null)
      log.warn({ component: 'fhir-poller', code: error.code, err: error }, 'cannot read, trying on');
    if (error === null && failing !== null) log.info({ component: 'fhir-poller' }, 'reads again');
    failing = error;
  }

  return {
    name: 'fhir-poller',
    start: async () => {
      if (config.pollIntervalMs > 0) running = run();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
    // The server's absence is the target's to tell, and the poller goes on by itself.
    readiness: () => ({ ready: true }),
    look,
  };
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

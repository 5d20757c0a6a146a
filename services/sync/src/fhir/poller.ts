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
import { type AppError, backOffDelay, classify, dependencyBackOff, sleep } from '@clinstream/runtime/errors';
import type { Component } from '@clinstream/runtime/lifecycle';
import type { Postgres } from '@clinstream/runtime/postgres';
import type { EventProducer } from '@clinstream/runtime/producer';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import type { RenderSettings } from '../domain/fhir/types.ts';
import type { FhirConfig } from './config.ts';
import type { FhirConnection } from './connection.ts';
import { fhirMetrics } from './metrics.ts';
import { lookAtKind, polledKinds } from './poll/look-at-kind.ts';
import { createPollStore } from './poll/store.ts';

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

const leaseMs = 60_000;

export function createFhirPoller(config: Pick<FhirConfig, 'pollIntervalMs' | 'pollOverlapMs'>, deps: FhirPollerDeps): FhirPoller {
  const { telemetry, connection, postgres } = deps;
  const { clock, log } = telemetry;
  const metrics = createMetrics(telemetry.registry, fhirMetrics);
  const stopping = new AbortController();
  const { client } = connection;
  const store = createPollStore({ postgres, server: client.baseUrl, holder: randomUUID(), leaseMs, now: clock.now });
  const looking = { client, store, producer: deps.producer, settings: deps.settings, overlapMs: config.pollOverlapMs };
  let running: Promise<void> = Promise.resolve();
  let failing: AppError | null = null;

  async function look(): Promise<void> {
    for (const kind of polledKinds) await lookAtKind(kind, { ...looking, clock, log, metrics, signal: stopping.signal });
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

/**
 * Tells alerts on clinical.alerts.v1 until Kafka has confirmed them, and again one level higher as long as nobody has acknowledged them. Any number of
 * instances may run it: a step of an alert, and an event, is taken by one of them; what it leaves undone is due again.
 *
 * Promise: event ids follow from alert, type and level, so that telling twice is harmless. Latency from commit to topic: `pollMs` and the send.
 */
import { topics } from '@clinstream/contracts';
import { classify, sleep } from '@clinstream/runtime/errors';
import type { Component } from '@clinstream/runtime/lifecycle';
import type { Postgres } from '@clinstream/runtime/postgres';
import type { EventProducer } from '@clinstream/runtime/producer';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import type { AlertsConfig } from './config.ts';
import { alertMetrics } from './metrics.ts';
import { claimEvents, countOpen, escalateDue, forgetEvents, type Outgoing, returnEvents } from './sql.ts';

export type EscalatorDeps = {
  readonly postgres: Postgres;
  readonly producer: Pick<EventProducer, 'publish'>;
  readonly telemetry: Telemetry;
};
export type Escalator = Component & {
  /** Everything that is due now; rejects when Postgres or Kafka is away. For tests, too. */
  runOnce(): Promise<void>;
};

export type EscalatorTimes = Readonly<Record<'pollMs' | 'claimedForMs' | 'atMost' | 'countEveryMs', number>>;
export const escalatorTimes: EscalatorTimes = { pollMs: 500, claimedForMs: 30_000, atMost: 200, countEveryMs: 5_000 };

export function createEscalator({ escalationMs }: AlertsConfig, deps: EscalatorDeps, times = escalatorTimes): Escalator {
  const { postgres, producer, telemetry } = deps;
  const metrics = createMetrics(telemetry.registry, alertMetrics);
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let countedAt = 0;

  async function escalate(): Promise<void> {
    const rows = await postgres.transaction((tx) => escalateDue(tx, telemetry.clock.now(), escalationMs, times.atMost));
    for (const { kind } of rows) metrics.escalated.labels({ kind }).inc();
  }

  async function publish(): Promise<void> {
    for (let found = times.atMost; found === times.atMost; ) {
      const events = await claimEvents(postgres, times.atMost, times.claimedForMs);
      const results = await Promise.allSettled(events.map((event) => producer.publish(recordOf(event))));
      const idsThat = (status: string) => events.flatMap(({ event_id }, i) => (results[i]?.status === status ? [event_id] : []));
      await forgetEvents(postgres, idsThat('fulfilled'));
      await returnEvents(postgres, idsThat('rejected'));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      found = events.length;
    }
  }

  async function count(): Promise<void> {
    const now = telemetry.clock.now();
    if (now - countedAt < times.countEveryMs) return;
    countedAt = now;
    const { open, oldest } = await countOpen(postgres);
    metrics.open.set(open);
    metrics.oldest.set(oldest === null ? 0 : Math.max(0, now - oldest) / 1_000);
  }

  async function runOnce(): Promise<void> {
    await escalate();
    await publish();
    await count();
  }

  const run = async (): Promise<void> => {
    let isTold = false;
    while (!stopping.signal.aborted) {
      try {
        await runOnce();
        isTold = false;
      } catch (error) {
        // One line at the start of a trouble: Postgres and Kafka say more themselves.
        if (!isTold) telemetry.log.warn({ err: classify(error, 'outbound') }, 'alerts wait to be told');
        isTold = true;
      }
      await sleep(times.pollMs, stopping.signal);
    }
  };

  return {
    name: 'alerts',
    start: async () => {
      running = run();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
    readiness: () => ({ ready: true }),
    runOnce,
  };
}

const recordOf = ({ event_id, event }: Outgoing) => ({
  topic: topics.alerts,
  key: event.patientKey,
  value: event,
  envelope: {
    eventId: event_id,
    eventType: event.type,
    occurredAt: event.at,
    correlationId: event.alertId,
    traceparent: null,
    source: 'sync',
    attempt: 1,
  },
});

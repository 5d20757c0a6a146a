/**
 * Publishes outcomes on sync.deliveries.v1 from the ledger until Kafka has confirmed them. Each has one event id for ever (target, subject,
 * revision), so that telling it again is harmless. Order between two outcomes of a subject is not promised: the higher revision wins.
 */
import { type DeliveryEvent, deliveryEventIdOf, topics } from '@clinstream/contracts';
import { sleep } from '@clinstream/runtime/errors';
import type { Component } from '@clinstream/runtime/lifecycle';
import type { Postgres } from '@clinstream/runtime/postgres';
import type { EventProducer, OutgoingEvent } from '@clinstream/runtime/producer';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import type { TargetName } from '../delivery/target.ts';
import { syncMetrics } from '../metrics.ts';
import { claimTellings, markTold, type Telling } from './sql/outbox.ts';

export type Teller = Component & {
  /** Outcomes just written. Never rejects: what cannot be told now is found by the sweep. */
  tell(tellings: readonly Telling[]): Promise<void>;
};
export type TellerDeps = {
  readonly postgres: Postgres;
  readonly producer: Pick<EventProducer, 'publish'>;
  readonly telemetry: Telemetry;
  readonly target: TargetName;
};

export type SweepTimes = {
  readonly everyMs: number;
  /** Left to whoever wrote it for so long. */
  readonly afterMs: number;
  readonly claimedForMs: number;
  readonly atMost: number;
  /** Between two tellings of what was just written. */
  readonly gatherMs: number;
};
export const sweepTimes: SweepTimes = { everyMs: 1_000, afterMs: 10_000, claimedForMs: 30_000, atMost: 500, gatherMs: 100 };

export function createTeller({ postgres, producer, telemetry, target }: TellerDeps, times = sweepTimes): Teller {
  const metrics = createMetrics(telemetry.registry, syncMetrics);
  const stopping = new AbortController();
  let sweeping: Promise<void> = Promise.resolve();
  let queue: Telling[] = [];
  let telling: Promise<void> | null = null;

  const publish = async (tellings: readonly Telling[], occasion: 'first' | 'again'): Promise<void> => {
    const told: Telling[] = [];
    const publishOne = async (telling: Telling): Promise<void> => {
      await producer.publish(outgoing(telling.event));
      told.push(telling);
    };
    const results = await Promise.allSettled(tellings.map(publishOne));
    await markTold(postgres, target, told);
    metrics.published.labels({ target, occasion }).inc(told.length);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  };

  /** The first at once; what comes while it is told, and a moment longer, is told and marked together. What fails is left to the sweep. */
  const tellOn = async (): Promise<void> => {
    while (queue.length > 0) {
      const next = queue;
      queue = [];
      await publish(next, 'first').catch(() => {});
      await sleep(times.gatherMs, stopping.signal);
    }
    telling = null;
  };

  const sweep = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const found = await claimTellings(postgres, target, times.atMost, times.claimedForMs);
      await publish(found, 'again');
      if (found.length < times.atMost) return;
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // Postgres or Kafka away: they say so themselves, and what is not told stays where it is.
      await sweep().catch(() => {});
      await sleep(times.everyMs, stopping.signal);
    }
  };

  return {
    name: `teller ${target}`,
    start: async () => {
      sweeping = run();
    },
    stop: async () => {
      stopping.abort();
      await sweeping;
      await telling;
    },
    readiness: () => ({ ready: true }),
    tell: async (tellings) => {
      // Kafka is away or slow: the sweep finds the rest.
      queue.push(...tellings.slice(0, Math.max(0, times.atMost - queue.length)));
      if (queue.length > 0) telling ??= tellOn();
      await telling;
    },
  };
}

function outgoing(event: DeliveryEvent): OutgoingEvent<'sync.deliveries.v1'> {
  const eventId = deliveryEventIdOf(event);
  return {
    topic: topics.deliveries,
    key: event.patientKey ?? event.subjectId,
    value: event,
    envelope: {
      eventId,
      eventType: event.type,
      occurredAt: event.at,
      correlationId: eventId,
      traceparent: null,
      source: 'sync',
      attempt: 1,
    },
  };
}

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
  /** How long what Kafka has confirmed may go unmarked, so that others are marked with it. */
  readonly markAfterMs: number;
};
export const sweepTimes: SweepTimes = { everyMs: 1_000, afterMs: 10_000, claimedForMs: 30_000, atMost: 500, markAfterMs: 50 };

export function createTeller({ postgres, producer, telemetry, target }: TellerDeps, times = sweepTimes): Teller {
  const metrics = createMetrics(telemetry.registry, syncMetrics);
  const stopping = new AbortController();
  let sweeping: Promise<void> = Promise.resolve();
  let told: Telling[] = [];
  let marking: Promise<void> | null = null;

  /** Of several patients by one statement; nobody waits for it, and what is lost of it is told again under the same event id. */
  const markSoon = (): Promise<void> => {
    marking ??= sleep(times.markAfterMs, stopping.signal).then(async () => {
      const marked = told;
      told = [];
      marking = null;
      await markTold(postgres, target, marked);
    });
    return marking;
  };

  const publish = async (tellings: readonly Telling[], occasion: 'first' | 'again'): Promise<void> => {
    if (tellings.length === 0) return;
    const publishOne = async (telling: Telling): Promise<void> => {
      await producer.publish(outgoing(telling.event));
      told.push(telling);
    };
    const results = await Promise.allSettled(tellings.map(publishOne));
    await markSoon();
    metrics.published.labels({ target, occasion }).inc(results.filter(({ status }) => status === 'fulfilled').length);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
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
      await marking?.catch(() => {});
    },
    readiness: () => ({ ready: true }),
    tell: (tellings) => publish(tellings, 'first').catch(() => {}),
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

/** Test only. Intake, ledger and dispatcher on a database of their own, fed by hand, with a scripted target and a producer in memory. */
import { type DeliveryEvent, deliveryEventIdOf, topics } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import { createPostgres, type Row } from '@clinstream/runtime/postgres';
import type { EventProducer } from '@clinstream/runtime/producer';
import { createSilentTelemetry, type Telemetry } from '@clinstream/runtime/telemetry';
import { testStack, waitFor } from '@clinstream/testkit';
import { createDispatcher, type Dispatcher, type DispatcherOptions } from '../src/delivery/dispatcher.ts';
import { createIntake } from '../src/intake/intake.ts';
import { topicsOf } from '../src/intake/topics.ts';
import { createLedger, type Ledger } from '../src/ledger/ledger.ts';
import { createTeller, type Teller } from '../src/ledger/teller.ts';
import { cluster, type Placed, progressOf, recordOf } from './events.ts';
import { createOutside, createScriptedTarget, type ScriptedTarget } from './scripted-target.ts';

export type Instance = {
  readonly target: ScriptedTarget;
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly teller: Teller;
  readonly telemetry: Telemetry;
  start(): Promise<void>;
  stop(): Promise<void>;
};
export type InstanceOptions = Partial<DispatcherOptions> & {
  readonly maxAttempts?: number;
  readonly sweepAfterMs?: number;
  readonly change?: (ledger: Ledger) => Ledger;
};

const quick = { everyMs: 20, afterMs: 10_000, claimedForMs: 1_000, atMost: 100, gatherMs: 5 } as const;

export type SideUnderTest = Awaited<ReturnType<typeof sideUnderTest>>;

export async function sideUnderTest() {
  const stack = await testStack();
  const database = await stack.freshDatabase();
  const telemetry = createSilentTelemetry();
  const postgres = createPostgres({ ...database.config, poolSize: 12 }, telemetry);
  await postgres.start();
  const outside = createOutside();
  const published: DeliveryEvent[] = [];
  const instances: Instance[] = [];
  const kafka = { isAway: false };

  const producer: Pick<EventProducer, 'publish'> = {
    async publish(event) {
      if (kafka.isAway)
        throw new AppError({
          code: 'KAFKA_UNAVAILABLE',
          kind: 'retryable',
          scope: 'dependency',
          stage: 'publish',
          message: 'away',
        });
      if (event.topic === topics.deliveries) published.push(event.value as DeliveryEvent);
      return { topic: event.topic, partition: 0, offset: published.length };
    },
  };

  const intake = createIntake(
    { appliedEventsDays: 0, historyDays: 3 },
    {
      postgres,
      telemetry,
      target: 'fhir',
      takes: ({ kind }) => kind !== 'patient',
      observers: [],
      onMarked: () => {
        for (const { dispatcher } of instances) dispatcher.wake();
      },
    },
  );
  const wholeLog = (logEndOffset = 0) => topicsOf.fhir.map((topic) => ({ topic, partition: 0, logStartOffset: 0, logEndOffset }));

  const instance = (options: InstanceOptions = {}): Instance => {
    const own = createSilentTelemetry();
    const target = createScriptedTarget(outside);
    const made = createLedger({
      postgres,
      target: 'fhir',
      holder: `instance-${instances.length}`,
      leaseMs: options.leaseMs ?? 5_000,
      maxAttempts: options.maxAttempts ?? 3,
      maxWorks: 50,
      now: own.clock.now,
      random: () => 0,
      sweepAfterMs: options.sweepAfterMs ?? 10_000,
    });
    const ledger = options.change?.(made) ?? made;
    const teller = createTeller({ postgres, producer, telemetry: own, target: 'fhir' }, quick);
    const dispatcher = createDispatcher(
      { concurrency: 4, rate: null, leaseMs: 5_000, pollMs: 20, drainMs: 500, ...options },
      { target, ledger, producer, teller, postgres, telemetry: own, onFatal: (error) => outside.faults.push(error.message) },
    );
    const one: Instance = {
      target,
      ledger,
      dispatcher,
      teller,
      telemetry: own,
      start: async () => {
        await teller.start();
        await dispatcher.start();
      },
      stop: async () => {
        dispatcher.quiesce?.();
        await dispatcher.stop(AbortSignal.timeout(5_000));
        await teller.stop(AbortSignal.timeout(5_000));
      },
    };
    instances.push(one);
    return one;
  };

  const rows = async (sql: string, values?: readonly unknown[]): Promise<readonly Row[]> =>
    (await postgres.query(sql, values)).rows;
  const ledgerOf = async (id: string): Promise<Row | undefined> =>
    (await rows('SELECT * FROM sync.deliveries WHERE id = $1', [id]))[0];
  return {
    postgres,
    outside,
    published,
    kafka,
    intake,
    wholeLog,
    instance,
    rows,
    ledgerOf,
    eventIds: () => published.map(deliveryEventIdOf),
    feed: async (...placed: readonly Placed[]) => {
      const records = placed.map(recordOf);
      await intake.apply(records, progressOf(records));
    },
    /** Everything fed so far is read once more, as after a look back in the log. */
    rewind: async () => {
      await rows('UPDATE sync.target_offset SET next_offset = 0');
      await intake.startAt(cluster, wholeLog());
    },
    settled: (what = 'nothing waits') =>
      waitFor(
        async () =>
          (await rows('SELECT 1 FROM sync.deliveries WHERE waiting LIMIT 1')).length === 0 &&
          (await rows('SELECT 1 FROM sync.outbox WHERE NOT published LIMIT 1')).length === 0,
        { what, deadlineMs: 15_000 },
      ),
    reset: async () => {
      for (const one of instances.splice(0)) await one.stop();
      await rows(
        'TRUNCATE sync.target_offset, sync.gaps, sync.subjects, sync.applied_events, sync.patients, sync.deliveries, sync.outbox',
      );
      outside.told.length = 0;
      outside.faults.length = 0;
      published.length = 0;
      kafka.isAway = false;
      await intake.startAt(cluster, wholeLog());
    },
    end: async () => {
      for (const one of instances.splice(0)) await one.stop();
      await postgres.stop(AbortSignal.timeout(5_000));
      await database.drop();
    },
  };
}

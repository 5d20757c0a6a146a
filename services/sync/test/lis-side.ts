/** Test only: intake, ledger and dispatcher of the laboratory's side on a database of its own; what it publishes about orders is taken in again. */
import { type DeliveryEvent, type OrderEvent, topics } from '@clinstream/contracts';
import { createPostgres, type Row } from '@clinstream/runtime/postgres';
import type { EventProducer } from '@clinstream/runtime/producer';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { testStack } from '@clinstream/testkit';
import { createDispatcher, type Dispatcher } from '../src/delivery/dispatcher.ts';
import type { Target } from '../src/delivery/target.ts';
import { createIntake } from '../src/intake/intake.ts';
import { topicsOf } from '../src/intake/topics.ts';
import { createLedger } from '../src/ledger/ledger.ts';
import { createTeller } from '../src/ledger/teller.ts';
import { cluster, onOrders, onRedeliveries, type Placed, progressOf, recordOf, redelivery } from './events.ts';

export type LisSide = Awaited<ReturnType<typeof lisSide>>;

export async function lisSide() {
  const database = await (await testStack()).freshDatabase();
  const telemetry = createSilentTelemetry();
  const postgres = createPostgres({ ...database.config, poolSize: 12 }, telemetry);
  await postgres.start();
  const told: DeliveryEvent[] = [];
  const dispatchers: Dispatcher[] = [];
  const ends: (() => Promise<void>)[] = [];
  const offsets = new Map<string, number>();
  let feeding: Promise<unknown> = Promise.resolve();

  const intake = createIntake(
    { appliedEventsDays: 0 },
    {
      postgres,
      telemetry,
      target: 'lis',
      takes: ({ kind }) => kind === 'order',
      observers: [],
      onMarked: () => {
        for (const dispatcher of dispatchers) dispatcher.wake();
      },
    },
  );

  /** One after another, each at the next offset of its topic. */
  function feed(...placed: readonly Placed[]): Promise<void> {
    const next = feeding.then(async () => {
      for (const one of placed) {
        const offset = offsets.get(one.topic) ?? 0;
        offsets.set(one.topic, offset + 1);
        const records = [recordOf({ ...one, offset })];
        await intake.apply(records, progressOf(records));
      }
    });
    feeding = next.catch(() => undefined);
    return next;
  }

  const producer: Pick<EventProducer, 'publish'> = {
    async publish(event) {
      if (event.topic === topics.deliveries) told.push(event.value as DeliveryEvent);
      if (event.topic === topics.orders) await feed(onOrders(0, event.value as OrderEvent, event.envelope.eventId));
      return { topic: event.topic, partition: 0, offset: 0 };
    },
  };

  await intake.startAt(
    cluster,
    topicsOf.lis.map((topic) => ({ topic, partition: 0, logStartOffset: 0, logEndOffset: 0 })),
  );
  const rows = async (sql: string, values?: readonly unknown[]): Promise<readonly Row[]> =>
    (await postgres.query(sql, values)).rows;

  return {
    told,
    feed,
    rows,
    redeliver: (orderId: string) => feed(onRedeliveries(0, redelivery(orderId, { target: 'lis' }))),
    outcomeOf: async (id: string): Promise<string> => {
      const [row] = await rows('SELECT outcome, code, waiting FROM sync.deliveries WHERE id = $1', [id]);
      return row === undefined ? 'none' : [row['waiting'] ? 'waiting' : row['outcome'], row['code']].filter(Boolean).join(' ');
    },
    /** An instance with this target; stopping it gives what is in flight `drainMs`. */
    instance: async (target: Target, { drainMs = 500, maxAttempts = 4, leaseMs = 1_000 } = {}) => {
      const own = createSilentTelemetry();
      const ledger = createLedger({
        postgres,
        target: 'lis',
        holder: `instance-${dispatchers.length}`,
        leaseMs,
        maxAttempts,
        maxWorks: 50,
        now: own.clock.now,
        random: () => 0,
        sweepAfterMs: 10_000,
      });
      const teller = createTeller(
        { postgres, producer, telemetry: own, target: 'lis' },
        { everyMs: 20, afterMs: 10_000, claimedForMs: 1_000, atMost: 100, gatherMs: 5 },
      );
      const fail = (error: Error): void => {
        throw error;
      };
      const dispatcher = createDispatcher(
        { concurrency: 8, rate: null, leaseMs, pollMs: 20, drainMs },
        { target, ledger, producer, teller, postgres, telemetry: own, onFatal: fail },
      );
      dispatchers.push(dispatcher);
      await teller.start();
      await dispatcher.start();
      let stopped: Promise<void> | null = null;
      const stop = (): Promise<void> => {
        stopped ??= (async () => {
          dispatcher.quiesce?.();
          await dispatcher.stop(AbortSignal.timeout(5_000));
          await teller.stop(AbortSignal.timeout(5_000));
          await target.stop(AbortSignal.timeout(1_000));
        })();
        return stopped;
      };
      ends.push(stop);
      return { stop };
    },
    end: async () => {
      for (const end of ends) await end();
      await postgres.stop(AbortSignal.timeout(5_000));
      await database.drop();
    },
  };
}

/** Test only. A sink on a database of its own, fed by hand. */
import { allTopics } from '@clinstream/contracts';
import type { AssignedPartition } from '@clinstream/runtime/pipeline';
import { createPostgres, type Postgres, type Row } from '@clinstream/runtime/postgres';
import { createSilentTelemetry, type Telemetry } from '@clinstream/runtime/telemetry';
import { testStack } from '@clinstream/testkit';
import { createSink, type Sink } from '../src/sink/sink.ts';
import { cluster, type Placed, progressOf, recordOf } from './events.ts';

export type SinkUnderTest = {
  readonly sink: Sink;
  readonly postgres: Postgres;
  readonly telemetry: Telemetry;
  /** Another sink on the same database: a second instance, or the same one after a restart. */
  another(): Sink;
  feed(...placed: readonly Placed[]): Promise<void>;
  rows(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  end(): Promise<void>;
};

/** Every partition of a log that begins at 0 and is long enough. */
export const wholeLog = (partitions = 2): readonly AssignedPartition[] =>
  allTopics.flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, logStartOffset: 0, logEndOffset: 1_000_000 })),
  );

export async function sinkUnderTest(rememberedJobs = 1_000): Promise<SinkUnderTest> {
  const stack = await testStack();
  const database = await stack.freshDatabase();
  const telemetry = createSilentTelemetry();
  const postgres = createPostgres(database.config, telemetry);
  await postgres.start();
  const another = () => createSink(postgres, telemetry, { rememberedJobs });
  const sink = another();
  await sink.startAt(cluster, wholeLog());
  return {
    sink,
    postgres,
    telemetry,
    another,
    feed: (...placed) => feed(sink, placed),
    rows: async (sql, values) => (await postgres.query(sql, values)).rows,
    async end() {
      await postgres.stop(AbortSignal.timeout(5_000));
      await database.drop();
    },
  };
}

/** One batch, as it would come from the consumer. */
export async function feed(sink: Sink, placed: readonly Placed[]): Promise<void> {
  const records = placed.map(recordOf);
  await sink.apply(records, progressOf(records));
}

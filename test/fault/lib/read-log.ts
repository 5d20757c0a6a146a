/** What stands in the log about jobs, read as any analyst would: first ends per partition in their order, and how many records told of progress. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Lane, lanes, type Topic, topics } from '@clinstream/contracts';
import { createCodecs } from '@clinstream/runtime/registry';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { waitFor } from '@clinstream/testkit';
import type { Rig } from './rig.ts';

export type LogRead = {
  /** Job ids by their first end, per topic-partition. */
  readonly ends: readonly (readonly string[])[];
  /** Records beyond request and first end that may each raise a job's version once. */
  readonly more: ReadonlyMap<string, number>;
};

const resultTopics = lanes.map((lane) => topics.results[lane]);
const readTopics: readonly Topic[] = [...resultTopics, topics.progress];

export type Places = ReadonlyMap<string, number>;
const nameOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/** Where the log ends now. */
export async function logEnds({ admin }: Rig): Promise<Places> {
  return new Map((await admin.logBounds(readTopics)).map((one) => [nameOf(one.topic, one.partition), one.logEndOffset]));
}

/** Lanes of whose results the log has lost some since `from`. */
export async function cutLanes({ admin }: Rig, from: Places): Promise<ReadonlySet<Lane>> {
  const bounds = await admin.logBounds(resultTopics);
  const cut = bounds.filter(({ topic, partition, logStartOffset }) => logStartOffset > (from.get(nameOf(topic, partition)) ?? 0));
  return new Set(lanes.filter((lane) => cut.some(({ topic }) => topic === topics.results[lane])));
}

/** Reads from `from` to the end. */
export async function readLog(rig: Rig, from: Places): Promise<LogRead> {
  const telemetry = createSilentTelemetry();
  const codecs = createCodecs({ registry: { url: rig.registryUrl, auth: null }, topics: readTopics, telemetry });
  await codecs.start();
  await waitFor(() => codecs.readiness().ready, { deadlineMs: 10_000, what: 'the codecs' });
  const to = await logEnds(rig);
  const starts = new Map(
    (await rig.admin.logBounds(readTopics)).map((one) => [nameOf(one.topic, one.partition), one.logStartOffset]),
  );
  const ends = new Map<string, Map<string, string>>();
  const more = new Map<string, number>();
  const count = (jobId: string): void => void more.set(jobId, (more.get(jobId) ?? 0) + 1);
  const take = async (topic: Topic, partition: number, value: Buffer, eventId: string): Promise<void> => {
    const event = await Promise.resolve(value)
      .then((bytes) => codecs.decode(topic, bytes))
      .catch(() => null);
    if (event === null || !('jobId' in event)) return;
    if (topic === topics.progress) return count(event.jobId);
    const known = ends.get(nameOf(topic, partition)) ?? new Map<string, string>();
    ends.set(nameOf(topic, partition), known);
    const first = known.get(event.jobId);
    if (first === undefined) known.set(event.jobId, eventId);
    else if (first !== eventId) count(event.jobId);
  };
  try {
    await readAll(rig, new Map([...from].map(([name, offset]) => [name, Math.max(offset, starts.get(name) ?? 0)])), to, take);
  } finally {
    await codecs.stop(AbortSignal.timeout(2_000));
  }
  return { ends: [...ends.values()].map((partition) => [...partition.keys()]), more };
}

type Take = (topic: Topic, partition: number, value: Buffer, eventId: string) => Promise<void>;

async function readAll(rig: Rig, from: Places, to: Places, take: Take): Promise<void> {
  const open = new Set([...to].filter(([name, end]) => end > (from.get(name) ?? 0)).map(([name]) => name));
  if (open.size === 0) return;
  const consumer = rig.connection
    .client()
    .consumer({ groupId: `oracle-${randomBytes(4).toString('hex')}`, maxWaitTimeInMs: 100 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...readTopics], fromBeginning: true });
    const done = Promise.withResolvers<void>();
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, resolveOffset }) => {
        const name = nameOf(batch.topic, batch.partition);
        for (const { offset, value, headers } of batch.messages) {
          const at = Number(offset);
          resolveOffset(offset);
          if (at >= (from.get(name) ?? 0) && at < (to.get(name) ?? 0) && value !== null)
            await take(batch.topic as Topic, batch.partition, value, String(headers?.['event-id'] ?? ''));
        }
        if (Number(batch.lastOffset()) + 1 >= (to.get(name) ?? 0)) open.delete(name);
        if (open.size === 0) done.resolve();
      },
    });
    for (const [name, offset] of from) {
      const [topic = '', partition = '0'] = name.split('/');
      if (offset > 0) consumer.seek({ topic, partition: Number(partition), offset: String(offset) });
    }
    await Promise.race([done.promise, delay(30_000).then(() => Promise.reject(new Error(`not read: ${[...open].join(', ')}`)))]);
  } finally {
    await consumer.disconnect();
  }
}

/** kafkajs's admin client with our types and our errors. Connects on first use, reconnects after a failure. */
import type { Admin } from 'kafkajs';
import type { AppError } from '../errors/app-error.ts';
import { backOffDelay, sleep } from '../errors/back-off.ts';
import { classify } from '../errors/classify.ts';
import type { GroupOffset, KafkaAdmin, KafkaConnection, PartitionBounds, TopicSettings } from './types.ts';

export function createAdmin(kafka: KafkaConnection): KafkaAdmin {
  const connection = keepConnected(kafka);
  const ask = <R>(question: (admin: Admin) => Promise<R>): Promise<R> => connection.use(question);
  return {
    createTopics: (topics) => ask((admin) => createMissing(admin, topics)),
    deleteTopics: (topics) => ask((admin) => admin.deleteTopics({ topics: [...topics] })),
    listTopics: () => ask((admin) => admin.listTopics()),
    partitionCounts: (topics) => ask((admin) => partitionCounts(admin, topics)),
    logBounds: (topics) => ask((admin) => logBounds(admin, topics)),
    groupOffsets: (group, topics) => ask((admin) => groupOffsets(admin, group, topics)),
    setGroupOffsets: (group, offsets) => ask((admin) => setGroupOffsets(admin, group, offsets)),
    deleteRecords: (before) => ask((admin) => deleteRecords(admin, before)),
    clusterId: () => ask(async (admin) => (await admin.describeCluster()).clusterId),
    close: () => connection.close(),
  };
}

const maxTries = 4;
const again = Symbol('again');

function keepConnected(kafka: KafkaConnection) {
  let current: Promise<Admin> | null = null;
  const connect = async (): Promise<Admin> => {
    const admin = kafka.client().admin();
    await admin.connect();
    return admin;
  };
  const forget = async (): Promise<void> => {
    const admin = await current?.catch(() => null);
    current = null;
    await admin?.disconnect().catch(() => {});
  };
  const tryOnce = async <R>(question: (admin: Admin) => Promise<R>): Promise<R> => {
    try {
      current ??= connect();
      return await question(await current);
    } catch (error) {
      await forget();
      throw classify(error, 'process');
    }
  };
  return {
    /** A leader or coordinator that has just moved is asked again a few times, within about two seconds. */
    async use<R>(question: (admin: Admin) => Promise<R>): Promise<R> {
      for (let attempt = 1; attempt < maxTries; attempt++) {
        const answer = await tryOnce(question).catch((error: AppError) => {
          if (error.kind !== 'retryable') throw error;
          return again;
        });
        if (answer !== again) return answer as R;
        await sleep(backOffDelay({ baseMs: 100, maxMs: 1_000 }, attempt));
      }
      return tryOnce(question);
    },
    close: forget,
  };
}

async function createMissing(admin: Admin, topics: readonly TopicSettings[]): Promise<readonly string[]> {
  const existing = new Set(await admin.listTopics());
  const missing = topics.filter(({ topic }) => !existing.has(topic));
  if (missing.length === 0) return [];
  const settings = missing.map(({ topic, partitions, replicationFactor, config }) => ({
    topic,
    numPartitions: partitions,
    replicationFactor: replicationFactor ?? -1,
    configEntries: Object.entries(config ?? {}).map(([name, value]) => ({ name, value })),
  }));
  await admin.createTopics({ topics: settings, waitForLeaders: false });
  const names = missing.map(({ topic }) => topic);
  await whenLed(admin, names);
  return names;
}

const leadersDeadlineMs = 15_000;

/**
 * Resolves when a broker knows a leader of every partition. kafkajs's own `waitForLeaders` gives up at once with UNKNOWN_TOPIC_OR_PARTITION when the
 * broker asked has not yet heard of the topic, which a KRaft broker may take some milliseconds to do.
 */
async function whenLed(admin: Admin, topics: string[]): Promise<void> {
  const until = performance.now() + leadersDeadlineMs;
  for (;;) {
    const led = await admin.fetchTopicMetadata({ topics }).then(
      (metadata) => metadata.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0)),
      (error) => {
        if (performance.now() > until) throw error;
        return false;
      },
    );
    if (led || performance.now() > until) return;
    await sleep(50);
  }
}

async function partitionCounts(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
  return new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]));
}

async function logBounds(admin: Admin, topics: readonly string[]): Promise<readonly PartitionBounds[]> {
  const perTopic = topics.map(async (topic) => {
    const offsets = await admin.fetchTopicOffsets(topic);
    return offsets.map(({ partition, low, high }) => ({
      topic,
      partition,
      logStartOffset: Number(low),
      logEndOffset: Number(high),
    }));
  });
  return (await Promise.all(perTopic)).flat();
}

async function groupOffsets(admin: Admin, group: string, topics: readonly string[]): Promise<readonly GroupOffset[]> {
  const answer = await admin.fetchOffsets({ groupId: group, topics: [...topics] });
  return answer.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) })),
  );
}

async function setGroupOffsets(admin: Admin, group: string, offsets: readonly GroupOffset[]): Promise<void> {
  for (const [topic, partitions] of byTopic(offsets)) await admin.setOffsets({ groupId: group, topic, partitions });
}

async function deleteRecords(admin: Admin, before: readonly GroupOffset[]): Promise<void> {
  for (const [topic, partitions] of byTopic(before)) await admin.deleteTopicRecords({ topic, partitions });
}

function byTopic(offsets: readonly GroupOffset[]): Map<string, { partition: number; offset: string }[]> {
  const grouped = new Map<string, { partition: number; offset: string }[]>();
  for (const { topic, partition, offset } of offsets) {
    const entry = { partition, offset: String(offset) };
    const known = grouped.get(topic);
    if (known) known.push(entry);
    else grouped.set(topic, [entry]);
  }
  return grouped;
}

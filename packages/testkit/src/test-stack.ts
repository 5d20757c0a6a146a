/**
 * What integration tests take their servers from. One Kafka, registry and Postgres per test *run*: the runner starts them and announces them by the
 * environment; a file that is run alone gets its own, gone when its process is.
 *
 * The shared cluster holds all topics of the contracts and their schemas. Tests take names of their own from `freshTopic`, `freshGroup` and
 * `freshDatabase`; whatever must use the fixed topic names (services, e2e) takes an `isolatedStack()`.
 */
import { randomBytes } from 'node:crypto';
import { schemaOf, subjectOf, type Topic } from '@clinstream/contracts';
import type { ServerAddresses } from '@clinstream/local';
import type { KafkaConfig, PostgresConfig, RegistryConfig } from '@clinstream/runtime/config';
import { createSecret } from '@clinstream/runtime/config';
import { createAdmin, createKafka, type KafkaAdmin } from '@clinstream/runtime/kafka';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import pg from 'pg';
import { hostServers } from './hosted-servers.ts';
import { readAddresses, type StackAddresses } from './stack-addresses.ts';
import { type StackServersOptions, templateDatabase } from './stack-servers.ts';

export type FreshDatabase = {
  readonly name: string;
  readonly url: string;
  /** Ready-made for `createPostgres`. */
  readonly config: PostgresConfig;
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>;
};

export type FreshTopicOptions = {
  readonly partitions?: number;
  /** Registers this topic's schema for the new one as well. */
  readonly like?: Topic;
  readonly config?: Readonly<Record<string, string>>;
};

export type TestStack = StackAddresses & {
  readonly bootstrap: string;
  readonly kafkaConfig: KafkaConfig;
  readonly registryConfig: RegistryConfig;
  /** The variables services read; with a database of its own when one is given. */
  env(database?: FreshDatabase): Record<string, string>;
  serverAddresses(database?: FreshDatabase): ServerAddresses;
  /** An admin client; the caller closes it. */
  admin(): KafkaAdmin;
  /** Creates a topic under a new name that starts with the prefix. */
  freshTopic(prefix: string, options?: FreshTopicOptions): Promise<string>;
  freshTopics<const K extends string>(prefixes: readonly K[], options?: FreshTopicOptions): Promise<Record<K, string>>;
  freshGroup(prefix: string): string;
  /** A database with all migrations applied. */
  freshDatabase(): Promise<FreshDatabase>;
  /** Only an isolated stack goes; the shared one belongs to the run. */
  stop(): Promise<void>;
};

let shared: Promise<TestStack> | null = null;

/** The run's shared servers; the same object at every call. */
export function testStack(): Promise<TestStack> {
  shared ??= openShared();
  return shared;
}

async function openShared(): Promise<TestStack> {
  const announced = readAddresses(process.env);
  return createTestStack(announced ?? (await hostServers()).addresses, async () => {});
}

/** Servers of one's own, deployed: for services under their fixed topic names, and for tests that break servers. Seconds to start. */
export async function isolatedStack(options: StackServersOptions = {}): Promise<TestStack> {
  const hosted = await hostServers(options);
  return createTestStack(hosted.addresses, hosted.stop);
}

/** A name nobody else in the run has. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomBytes(5).toString('hex')}`;

function createTestStack(addresses: StackAddresses, stop: () => Promise<void>): TestStack {
  const kafkaConfig: KafkaConfig = { brokers: addresses.brokers, tls: null, sasl: null };
  const bootstrap = addresses.brokers.join(',');
  const admin = () => createAdmin(createKafka(kafkaConfig, createSilentTelemetry(), { requestTimeoutMs: 30_000 }));
  const serverAddresses = (database?: FreshDatabase): ServerAddresses => ({
    kafka: bootstrap,
    registryUrl: addresses.registryUrl,
    databaseUrl: database?.url ?? addresses.databaseUrl,
  });
  const freshTopic = async (prefix: string, options: FreshTopicOptions = {}) => {
    const topic = uniqueName(prefix);
    const client = admin();
    try {
      await client.createTopics([
        { topic, partitions: options.partitions ?? 6, ...(options.config ? { config: options.config } : {}) },
      ]);
    } finally {
      await client.close();
    }
    if (options.like) await registerLike(addresses.registryUrl, topic, options.like);
    return topic;
  };
  return {
    ...addresses,
    bootstrap,
    kafkaConfig,
    registryConfig: { url: addresses.registryUrl, auth: null },
    serverAddresses,
    env: (database) => {
      const { kafka, registryUrl, databaseUrl } = serverAddresses(database);
      return { KAFKA_BROKERS: kafka, SCHEMA_REGISTRY_URL: registryUrl, DATABASE_URL: databaseUrl };
    },
    admin,
    freshTopic,
    freshTopics: async (prefixes, options) => {
      const names = await Promise.all(prefixes.map((prefix) => freshTopic(prefix, options)));
      return Object.fromEntries(prefixes.map((prefix, index) => [prefix, names[index]])) as Record<
        (typeof prefixes)[number],
        string
      >;
    },
    freshGroup: uniqueName,
    freshDatabase: () => freshDatabase(addresses.databaseUrl),
    stop,
  };
}

async function registerLike(registryUrl: string, topic: string, like: Topic): Promise<void> {
  const response = await fetch(`${registryUrl}/subjects/${encodeURIComponent(subjectOf(topic))}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schemaType: 'AVRO', schema: JSON.stringify(schemaOf[like]) }),
  });
  if (!response.ok) throw new Error(`registry answered ${response.status} for ${topic}: ${await response.text()}`);
}

async function freshDatabase(serverUrl: string): Promise<FreshDatabase> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  await execute(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${templateDatabase}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    name,
    url: url.href,
    config: { url: createSecret(url.href), poolSize: 5, connectTimeoutMs: 5_000, statementTimeoutMs: 20_000 },
    drop: () => execute(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

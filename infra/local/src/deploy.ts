/**
 * The deploy step: topics, schemas, tables. Run before the services of a new version start, against the embedded stack or any cluster.
 *
 * Idempotent: a second run creates nothing. Order matters not between the three. Rejects at the first thing that cannot be done; what was done stays.
 */
import type { KafkaConfig } from '@clinstream/runtime/config';
import { createAdmin, createKafka } from '@clinstream/runtime/kafka';
import { createSilentTelemetry, type Telemetry } from '@clinstream/runtime/telemetry';
import { type TopicSpec, topicSpecs } from '../../topics/topics.ts';
import { createTopics, type TopicCounts, type TopicsResult } from './kafka-topics.ts';
import { migrate } from './migrate.ts';
import { type RegisteredSchema, type RegistryAccess, registerSchemas } from './schemas.ts';

export type DeployOptions = Partial<TopicCounts> & {
  readonly kafka: KafkaConfig;
  readonly registry: RegistryAccess;
  readonly postgres: { readonly url: string };
  readonly topics?: readonly TopicSpec[];
  readonly telemetry?: Pick<Telemetry, 'log'>;
};

export type DeployResult = {
  readonly topics: TopicsResult;
  readonly schemas: readonly RegisteredSchema[];
  readonly migrations: readonly string[];
};

export const defaultPartitions = 6;

export async function deploy(options: DeployOptions): Promise<DeployResult> {
  const [topics, schemas, migrations] = await Promise.all([
    deployTopics(options),
    registerSchemas(options.registry),
    migrate({ url: options.postgres.url }),
  ]);
  return { topics, schemas, migrations };
}

export async function deployTopics(options: Omit<DeployOptions, 'registry' | 'postgres'>): Promise<TopicsResult> {
  const admin = createAdmin(
    createKafka(options.kafka, options.telemetry ?? createSilentTelemetry(), { requestTimeoutMs: 30_000 }),
  );
  try {
    return await createTopics(admin, options.topics ?? topicSpecs, {
      partitions: options.partitions ?? defaultPartitions,
      replicationFactor: options.replicationFactor ?? null,
      minInSyncReplicas: options.minInSyncReplicas ?? null,
    });
  } finally {
    await admin.close();
  }
}

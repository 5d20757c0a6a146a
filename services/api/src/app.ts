/** The API service, wired: read top to bottom. Components start in the order returned and stop in the reverse. */
import { groups } from '@clinstream/contracts';
import { createFileBlobStore } from '@clinstream/runtime/blobs';
import type { ConsumerLimits } from '@clinstream/runtime/consumer';
import { createJwtAuthenticator, httpComponent } from '@clinstream/runtime/http';
import { createKafka } from '@clinstream/runtime/kafka';
import type { AppDeps, Component } from '@clinstream/runtime/lifecycle';
import { createBatchConsumer } from '@clinstream/runtime/pipeline';
import { createPostgres, type Postgres } from '@clinstream/runtime/postgres';
import { createEventProducer } from '@clinstream/runtime/producer';
import { createCodecs } from '@clinstream/runtime/registry';
import type { ApiConfig, HttpDoorConfig, SinkConfig } from './config.ts';
import { createApiServer } from './http/api-server.ts';
import { readManifests } from './models/read-manifests.ts';
import { sinkTopics } from './sink/kinds.ts';
import { createSink } from './sink/sink.ts';

export async function createApp(config: ApiConfig, deps: AppDeps): Promise<readonly Component[]> {
  const postgres = createPostgres(config.postgres, deps.telemetry);
  const sink = config.sink === null ? [] : sinkComponents(config.sink, deps, postgres);
  const http = config.door === null ? [] : [await httpDoor(config.door, deps, postgres)];
  return [postgres, ...sink, ...http];
}

function sinkComponents(config: SinkConfig, { telemetry, onFatal }: AppDeps, postgres: Postgres): readonly Component[] {
  const kafka = createKafka(config.kafka, telemetry, { clientId: 'clinstream-api' });
  const codecs = createCodecs({ registry: config.registry, topics: sinkTopics, telemetry });
  // Publishes nothing but what cannot be decoded or stored, to the group's dead-letter topic.
  const producer = createEventProducer({ kafka, codecs, telemetry });
  const sink = createSink(postgres, telemetry, {
    rememberedJobs: config.sinkRememberedJobs,
    appliedEventsDays: config.sinkAppliedEventsDays,
  });
  const consumer = createBatchConsumer(
    {
      group: groups.sink,
      topics: sinkTopics,
      startAt: sink.startAt,
      apply: sink.apply,
      maxBatchRecords: config.sinkBatchRecords,
      limits: limitsFor(config.sinkBatchRecords),
    },
    { kafka, codecs, producer, telemetry, onFatal },
  );
  return [codecs, producer, consumer];
}

/** Two batches in hand and one on its way: the next is decoded while this one is written. */
const limitsFor = (batchRecords: number): ConsumerLimits => ({
  maxRecords: batchRecords * 3,
  maxBytes: 32 * 1024 * 1024,
  maxSpan: batchRecords * 10,
});

async function httpDoor(config: HttpDoorConfig, { telemetry }: AppDeps, postgres: Postgres): Promise<Component> {
  const auth = createJwtAuthenticator(config.jwt, telemetry);
  const server = await createApiServer({
    telemetry,
    auth,
    limits: config.http,
    postgres,
    blobs: createFileBlobStore(config.blobDir),
    models: await readManifests(config.modelsDir),
    pollMs: 1_000,
    heartbeatMs: 15_000,
  });
  return httpComponent(server, { host: config.http.host, port: config.http.port, auth });
}

/** The API service, wired: read top to bottom. Components start in the order returned and stop in the reverse. */
import { groups, type Topic, topics } from '@clinstream/contracts';
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
import { type ApiServerOptions, createApiServer } from './http/api-server.ts';
import { readManifests } from './models/read-manifests.ts';
import { sinkTopics } from './sink/kinds.ts';
import { createSink, type Sink } from './sink/sink.ts';

export async function createApp(config: ApiConfig, deps: AppDeps): Promise<readonly Component[]> {
  const postgres = createPostgres(config.postgres, deps.telemetry);
  const { sink, door } = config;
  if (sink === null) return door === null ? [postgres] : [postgres, ...(await doorAlone(door, deps, postgres))];
  const log = connectLog(sink, deps, [...sinkTopics, ...publishedTopics]);
  const projection = projectionSink(sink, deps, postgres);
  const parts = [postgres, log.codecs, log.producer, sinkConsumer(sink, deps, projection, log)];
  return door === null
    ? parts
    : [...parts, await httpDoor(door, deps, { postgres, producer: log.producer, isComing: projection.isComing })];
}

/** What people decide at the door. */
const publishedTopics: readonly Topic[] = [topics.reviews, topics.redeliveries, topics.alerts];

/** The sink publishes nothing but what cannot be decoded or stored, to its group's dead-letter topic. */
function connectLog(config: Pick<SinkConfig, 'kafka' | 'registry'>, { telemetry }: AppDeps, carried: readonly Topic[]) {
  const kafka = createKafka(config.kafka, telemetry, { clientId: 'clinstream-api' });
  const codecs = createCodecs({ registry: config.registry, topics: [...new Set(carried)], telemetry });
  return { kafka, codecs, producer: createEventProducer({ kafka, codecs, telemetry }) };
}
type Log = ReturnType<typeof connectLog>;

const projectionSink = (config: SinkConfig, { telemetry }: AppDeps, postgres: Postgres): Sink =>
  createSink(postgres, telemetry, {
    rememberedJobs: config.sinkRememberedJobs,
    appliedEventsDays: config.sinkAppliedEventsDays,
  });

function sinkConsumer(config: SinkConfig, { telemetry, onFatal }: AppDeps, sink: Sink, log: Log): Component {
  return createBatchConsumer(
    {
      group: groups.sink,
      topics: sinkTopics,
      startAt: sink.startAt,
      apply: sink.apply,
      maxBatchRecords: config.sinkBatchRecords,
      limits: limitsFor(config.sinkBatchRecords),
    },
    { ...log, telemetry, onFatal },
  );
}

/** Two batches in hand and one on its way: the next is decoded while this one is written. */
const limitsFor = (batchRecords: number): ConsumerLimits => ({
  maxRecords: batchRecords * 3,
  maxBytes: 32 * 1024 * 1024,
  maxSpan: batchRecords * 10,
});

/** Reading goes on without Kafka; who publishes meanwhile is answered 503. */
async function doorAlone(config: HttpDoorConfig, deps: AppDeps, postgres: Postgres): Promise<readonly Component[]> {
  const { codecs, producer } = connectLog(config, deps, publishedTopics);
  return [
    alwaysReady(codecs),
    alwaysReady(producer),
    await httpDoor(config, deps, { postgres, producer, isComing: () => false }),
  ];
}

const alwaysReady = (component: Component): Component => ({
  name: component.name,
  start: () => component.start(),
  stop: (deadline) => component.stop(deadline),
  readiness: () => ({ ready: true }),
});

type DoorParts = Pick<ApiServerOptions, 'postgres' | 'producer' | 'isComing'>;

async function httpDoor(config: HttpDoorConfig, { telemetry }: AppDeps, parts: DoorParts): Promise<Component> {
  const auth = createJwtAuthenticator(config.jwt, telemetry);
  const server = await createApiServer({
    telemetry,
    auth,
    limits: config.http,
    ...parts,
    blobs: createFileBlobStore(config.blobDir),
    models: await readManifests(config.modelsDir),
    pollMs: 1_000,
    heartbeatMs: 15_000,
  });
  return httpComponent(server, { host: config.http.host, port: config.http.port, auth });
}

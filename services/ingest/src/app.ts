/** Ingest, wired: read top to bottom. Components start in the order returned and stop in the reverse. */
import { type Topic, topics } from '@clinstream/contracts';
import { createFileBlobStore } from '@clinstream/runtime/blobs';
import { createJwtAuthenticator, httpComponent } from '@clinstream/runtime/http';
import { createKafka } from '@clinstream/runtime/kafka';
import type { AppDeps, Component } from '@clinstream/runtime/lifecycle';
import { createPostgres } from '@clinstream/runtime/postgres';
import { createEventProducer } from '@clinstream/runtime/producer';
import { createCodecs } from '@clinstream/runtime/registry';
import { createMetrics } from '@clinstream/runtime/telemetry';
import type { IngestConfig } from './config.ts';
import { createIngestServer } from './http/ingest-server.ts';
import { countReservations } from './idempotency/count-reservations.ts';
import { createReservations } from './idempotency/reservations.ts';
import { ingestMetrics } from './metrics.ts';
import { createMllpListeners } from './mllp-channels.ts';
import { loadModelCatalog } from './models/load-manifests.ts';

const publishedTopics: readonly Topic[] = [
  topics.patients,
  topics.orders,
  topics.observations,
  topics.messages,
  ...Object.values(topics.requests),
];

/** Longer than the producer's own patience, so that its verdict is the one told. */
const confirmGraceMs = 500;
const maxLineBytes = 256 * 1024;

export async function createApp(config: IngestConfig, { telemetry }: AppDeps): Promise<readonly Component[]> {
  const models = await loadModelCatalog(config.modelsDir);
  const metrics = createMetrics(telemetry.registry, ingestMetrics);

  const postgres = createPostgres(config.postgres, telemetry);
  const stored = createReservations(postgres, { maxPerStatement: 2_000, maxWaiting: 20_000, timeoutMs: config.confirmTimeoutMs });
  const reservations = countReservations(stored, metrics);

  const codecs = createCodecs({ registry: config.registry, topics: publishedTopics, telemetry });
  const kafka = createKafka(config.kafka, telemetry, { clientId: 'clinstream-ingest' });
  const producer = createEventProducer({
    kafka,
    codecs,
    telemetry,
    limits: { deliveryTimeoutMs: config.confirmTimeoutMs },
  });

  const auth = createJwtAuthenticator(config.jwt, telemetry);
  const server = await createIngestServer({
    telemetry,
    auth,
    limits: config.http,
    batch: {
      maxLineBytes,
      maxLines: config.batchMaxLines,
      maxBytes: config.batchMaxBytes,
      maxConcurrent: config.batchMaxConcurrent,
      maxGroup: 500,
      maxUnconfirmedGroups: 8,
    },
    producer,
    reservations,
    models,
    publicUrl: config.apiPublicUrl,
    confirmTimeoutMs: config.confirmTimeoutMs + confirmGraceMs,
  });
  const http = httpComponent(server, { host: config.http.host, port: config.http.port, auth });

  const blobs = createFileBlobStore(config.blobDir);
  const mllp = await createMllpListeners(config.mllp, { producer, blobs, reservations, models, telemetry });

  return [postgres, codecs, producer, http, ...mllp];
}

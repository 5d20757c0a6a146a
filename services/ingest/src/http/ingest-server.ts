/** Ingest's HTTP door, put together: the server with the house rules, and our routes on it. Listens on nothing yet. */

import { type Authenticator, createHttpServer, type HttpLimits, type HttpServer } from '@clinstream/runtime/http';
import type { EventProducer } from '@clinstream/runtime/producer';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import type { FastifyInstance } from 'fastify';
import type { ModelCatalog } from '../domain/model-catalog.ts';
import type { Reservations } from '../idempotency/types.ts';
import { ingestMetrics } from '../metrics.ts';
import { createOutcomes } from './outcomes.ts';
import { createPublishConfirmed } from './publish-confirmed.ts';
import { type RouteDeps, registerRoutes } from './routes.ts';
import { createAnalysisSubmitter } from './submit-analysis.ts';
import { createOrderSubmitter } from './submit-order.ts';

export type IngestServerOptions = {
  readonly telemetry: Telemetry;
  readonly auth: Authenticator;
  readonly limits: HttpLimits;
  readonly batch: RouteDeps['batch'];
  readonly producer: Pick<EventProducer, 'publish'>;
  readonly reservations: Reservations;
  readonly models: ModelCatalog;
  /** Base of the Location of a 202. */
  readonly publicUrl: string;
  readonly confirmTimeoutMs: number;
  readonly newId?: () => string;
};

export async function createIngestServer(options: IngestServerOptions): Promise<HttpServer> {
  const { telemetry, auth, limits, models, reservations, publicUrl } = options;
  const metrics = createMetrics(telemetry.registry, ingestMetrics);
  const server = await createHttpServer({ name: 'ingest', telemetry, auth, limits, openapi });
  const deps = {
    models,
    reservations,
    publish: createPublishConfirmed(options.producer, options.confirmTimeoutMs),
    clock: telemetry.clock,
    newId: options.newId ?? (() => crypto.randomUUID()),
    publicUrl,
  };
  registerRoutes(server as unknown as FastifyInstance, {
    analyses: createAnalysisSubmitter(deps),
    submitOrder: createOrderSubmitter(deps),
    outcomes: createOutcomes(metrics),
    batch: options.batch,
    onBatches: metrics.batches.set,
  });
  return server;
}

const openapi = {
  title: 'Clinstream ingest',
  version: '1',
  description:
    'Hands orders and AI analyses to the log. 202 means durable; results are read from the api service, at the Location of the answer.',
};

/** The API's HTTP door: all its routes on one server. Reads only. */
import type { LogPosition } from '@clinstream/contracts';
import type { BlobStore } from '@clinstream/runtime/blobs';
import { type Authenticator, createHttpServer, type HttpLimits, type HttpServer } from '@clinstream/runtime/http';
import type { Postgres } from '@clinstream/runtime/postgres';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import type { FastifyInstance } from 'fastify';
import type { StoredAnalysis } from '../domain/analysis-view.ts';
import type { ModelNames } from '../domain/model-names.ts';
import { apiMetrics } from '../metrics.ts';
import { notifyChannel } from '../sink/sql/finish-flush.ts';
import { createJobWatch } from './job-watch.ts';
import { registerAnalyses } from './routes/analyses.ts';
import { registerAnalysisEvents } from './routes/analysis-events.ts';
import { registerMessages } from './routes/messages.ts';
import { registerModels } from './routes/models.ts';
import { registerOrders } from './routes/orders.ts';
import { registerQueues } from './routes/queues.ts';
import { registerTimeline } from './routes/timeline.ts';
import { readAnalyses } from './sql/read-analyses.ts';
import { readPosition } from './sql/read-position.ts';

export type ApiServerOptions = {
  readonly telemetry: Telemetry;
  readonly auth: Authenticator;
  readonly limits: HttpLimits;
  readonly postgres: Postgres;
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly models: ModelNames;
  readonly pollMs: number;
  readonly heartbeatMs: number;
};

export async function createApiServer(options: ApiServerOptions): Promise<HttpServer> {
  const { telemetry, postgres: db, models, blobs } = options;
  const server = await createHttpServer({ name: 'api', telemetry, auth: options.auth, limits: options.limits, openapi });
  const watch = createWatch(options);
  const stopListening = db.listen(notifyChannel, watch.notice);
  server.addHook('onClose', async () => {
    stopListening();
    watch.stop();
  });
  const routes = server as unknown as FastifyInstance;
  const deps = {
    db,
    models,
    blobs,
    watch,
    readPosition: (position: LogPosition) => readPosition(db, position),
    clock: telemetry.clock,
    heartbeatMs: options.heartbeatMs,
  };
  registerAnalyses(routes, deps);
  registerAnalysisEvents(routes, deps);
  registerOrders(routes, deps);
  registerTimeline(routes, deps);
  registerQueues(routes, deps);
  registerModels(routes, deps);
  registerMessages(routes, deps);
  return server;
}

function createWatch({ telemetry, postgres, pollMs }: ApiServerOptions) {
  const metrics = createMetrics(telemetry.registry, apiMetrics);
  const watch = createJobWatch<StoredAnalysis>({
    read: (jobIds) => readAnalyses(postgres, jobIds),
    pollMs,
    onLook: (cause) => metrics.wakes.labels({ cause }).inc(),
  });
  metrics.waiters.onCollect(() => metrics.waiters.set(watch.waiting()));
  return watch;
}

const openapi = {
  title: 'Clinstream API',
  version: '1',
  description: 'Results of AI analyses, orders, laboratory results and queues. Reads only; requests go to the ingest service.',
};

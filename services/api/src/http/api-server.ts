/** The API's HTTP door: all its routes on one server. What people decide here goes to the log; everything else only reads. */
import type { LogPosition } from '@clinstream/contracts';
import type { BlobStore } from '@clinstream/runtime/blobs';
import { type Authenticator, createHttpServer, type HttpLimits, type HttpServer } from '@clinstream/runtime/http';
import type { Postgres } from '@clinstream/runtime/postgres';
import type { EventProducer } from '@clinstream/runtime/producer';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import type { FastifyInstance } from 'fastify';
import type { ModelNames } from '../domain/model-names.ts';
import { apiMetrics } from '../metrics.ts';
import { notifyChannel } from '../sink/sql/finish-flush.ts';
import { createJobWatch } from './job-watch.ts';
import { createPublish } from './publish.ts';
import { registerAlerts } from './routes/alerts.ts';
import { registerAnalyses } from './routes/analyses.ts';
import { registerAnalysisEvents } from './routes/analysis-events.ts';
import { registerAnalysisReview } from './routes/analysis-review.ts';
import { registerDeliveries } from './routes/deliveries.ts';
import { registerMessages } from './routes/messages.ts';
import { registerModels } from './routes/models.ts';
import { registerOrders } from './routes/orders.ts';
import { registerQueues } from './routes/queues.ts';
import { registerRedeliver } from './routes/redeliver.ts';
import { registerTimeline } from './routes/timeline.ts';
import { readPosition } from './sql/read-position.ts';
import { readShown, type ShownAnalysis } from './sql/read-shown.ts';

export type ApiServerOptions = {
  readonly telemetry: Telemetry;
  readonly auth: Authenticator;
  readonly limits: HttpLimits;
  readonly postgres: Postgres;
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly models: ModelNames;
  readonly producer: Pick<EventProducer, 'publish'>;
  /** What a sink in this process has still to apply; false where there is none. */
  readonly isComing: (position: LogPosition) => boolean;
  readonly pollMs: number;
  readonly heartbeatMs: number;
};

type ApiMetrics = ReturnType<typeof createMetrics<typeof apiMetrics>>;

export async function createApiServer(options: ApiServerOptions): Promise<HttpServer> {
  const { telemetry, postgres: db, models, blobs } = options;
  const server = await createHttpServer({ name: 'api', telemetry, auth: options.auth, limits: options.limits, openapi });
  const metrics = createMetrics(telemetry.registry, apiMetrics);
  const watch = createWatch(options, metrics);
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
    isComing: options.isComing,
    clock: telemetry.clock,
    heartbeatMs: options.heartbeatMs,
    publish: createPublish(options.producer),
    onReview: (outcome: string) => metrics.reviews.labels({ outcome }).inc(),
    onRedelivery: (count: number) => metrics.redeliveries.inc(count),
    onAcknowledge: () => metrics.acknowledgements.inc(),
  };
  registerAnalyses(routes, deps);
  registerAnalysisEvents(routes, deps);
  registerAnalysisReview(routes, deps);
  registerOrders(routes, deps);
  registerTimeline(routes, deps);
  registerQueues(routes, deps);
  registerModels(routes, deps);
  registerMessages(routes, deps);
  registerDeliveries(routes, deps);
  registerRedeliver(routes, deps);
  registerAlerts(routes, deps);
  return server;
}

function createWatch({ postgres, pollMs }: ApiServerOptions, metrics: ApiMetrics) {
  const watch = createJobWatch<ShownAnalysis>({
    read: (jobIds) => readShown(postgres, jobIds),
    pollMs,
    onLook: (cause) => metrics.wakes.labels({ cause }).inc(),
  });
  metrics.waiters.onCollect(() => metrics.waiters.set(watch.waiting()));
  return watch;
}

const openapi = {
  title: 'Clinstream API',
  version: '1',
  description:
    'Results of AI analyses and their review, orders, laboratory results, deliveries, alerts and queues. Requests for analyses and orders go to the ingest service.',
};

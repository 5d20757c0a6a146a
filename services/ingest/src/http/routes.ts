/**
 * The routes of ingest's HTTP door. In: authenticated requests of the documented shape; out: 202 after the log confirmed, or a problem.
 * Rules live in submit-*.ts and domain/; here is only HTTP: status, headers, streams, who may.
 */
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AnalysisBody } from '../domain/analysis-request.ts';
import type { OrderBody } from '../domain/order-request.ts';
import { streamBatch } from './batch-stream.ts';
import { callerOf } from './caller.ts';
import type { Operation, Outcomes } from './outcomes.ts';
import { problemOf } from './problem-of.ts';
import { batchTooLong, type Refusal, RefusedError, tooManyBatches } from './refusal.ts';
import { analysesRoute, batchRoute, ordersRoute } from './route-schemas.ts';
import type { AnalysisSubmitter } from './submit-analysis.ts';
import type { BatchDeps, LineAnswer } from './submit-batch.ts';
import type { SubmitOrder } from './submit-order.ts';

export type RouteDeps = {
  readonly analyses: AnalysisSubmitter;
  readonly submitOrder: SubmitOrder;
  readonly outcomes: Outcomes;
  readonly batch: BatchDeps['limits'] & { readonly maxConcurrent: number };
  readonly onBatches: (running: number) => void;
};

type Keyed = { 'idempotency-key'?: string };

export function registerRoutes(server: FastifyInstance, deps: RouteDeps): void {
  server.removeContentTypeParser('text/plain');
  server.post<{ Body: AnalysisBody; Headers: Keyed }>('/v1/analyses', analysesRoute, async (request, reply) => {
    const accepted = await answer(deps, 'analysis', () => deps.analyses.submit(request.body, keyOf(request), callerOf(request)));
    return reply.code(202).header('location', accepted.links.self).send(accepted);
  });

  server.post<{ Body: OrderBody; Headers: Keyed }>('/v1/orders', ordersRoute, async (request, reply) => {
    const accepted = await answer(deps, 'order', () => deps.submitOrder(request.body, keyOf(request), callerOf(request)));
    return reply.code(202).header('location', accepted.links.self).send(accepted);
  });

  server.register(async (scope) => registerBatch(scope, deps));
}

const keyOf = (request: { headers: Keyed }): string | null => request.headers['idempotency-key'] ?? null;

async function answer<T>(deps: RouteDeps, operation: Operation, work: () => Promise<T>): Promise<T> {
  try {
    return await deps.outcomes.watch(operation, work);
  } catch (error) {
    throw error instanceof RefusedError ? problemOf(error.refusal) : error;
  }
}

/** In a scope of its own, because its body is a stream and nothing else is taken. In the path, `::` is a literal colon. */
function registerBatch(scope: FastifyInstance, deps: RouteDeps): void {
  let running = 0;
  const count = (by: number): void => {
    running += by;
    deps.onBatches(running);
  };
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload));
  scope.post<{ Body: Readable }>('/v1/analyses::batch', batchRoute, async (request, reply) => {
    const refusal = refuseBatch(request, running, deps);
    if (refusal !== null) throw problemOf(refusal);
    count(1);
    const answers = streamBatch(request.body, callerOf(request), {
      analyses: deps.analyses,
      limits: deps.batch,
      onUnexpected: (error) => request.log.error({ err: error, operation: 'batch_line' }, 'a batch line failed unexpectedly'),
      onAnswer: (line) => countLine(deps.outcomes, line),
      onEnd: () => count(-1),
    });
    return reply.code(200).type('application/x-ndjson').send(answers);
  });
}

function refuseBatch(request: FastifyRequest, running: number, { batch }: RouteDeps): Refusal | null {
  if (Number(request.headers['content-length'] ?? 0) > batch.maxBytes) {
    return batchTooLong(`${batch.maxLines} lines and ${batch.maxBytes} bytes`);
  }
  return running >= batch.maxConcurrent ? tooManyBatches : null;
}

function countLine(outcomes: Outcomes, line: LineAnswer): void {
  if ('problem' in line) outcomes.refused('batch_line', line.problem.code);
  else outcomes.accepted('batch_line');
}

/**
 * A fastify server with the house rules built in: problem details, tokens and roles, limits, metrics, API document. Routes are added by the
 * service. Promise: nothing is reachable without a rule of access; no value of a request gets into an answer's problem, a log or a metric.
 */
import rateLimit from '@fastify/rate-limit';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from 'fastify';
import type { HttpConfig } from '../config/fragments.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { guardAccess, type RateCheck } from './access.ts';
import type { Authenticator } from './authenticator.ts';
import { answerErrors, brokenRequestAnswerer } from './error-answers.ts';
import { httpMetrics } from './metrics.ts';
import { isPageRoute, type OpenApiInfo, registerOpenApi } from './openapi.ts';
import { httpProblem } from './problems.ts';
import { validatorCompiler } from './validation.ts';

export type HttpLimits = Pick<HttpConfig, 'maxBodyBytes' | 'requestTimeoutMs' | 'rateLimitPerMinute' | 'trustedProxies'>;
export type HttpServerOptions = {
  readonly name: string;
  readonly telemetry: Telemetry;
  readonly auth: Authenticator;
  readonly limits: HttpLimits;
  readonly openapi: OpenApiInfo;
};
export type HttpServer = ReturnType<typeof createFastify>;

/** Resolves to a server that listens on nothing yet; see `httpComponent`. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createFastify(options);
  const plain = server as unknown as FastifyInstance;
  const closing = new AbortController();
  server.decorate('closing', closing.signal);
  server.addHook('preClose', async () => closing.abort());
  server.addHook('onRequest', async () => {
    if (closing.signal.aborted) throw httpProblem('SHUTTING_DOWN', { retryAfterSeconds: 1, headers: { connection: 'close' } });
  });
  server.setValidatorCompiler(validatorCompiler);
  server.addHook('onRoute', (route) => {
    if (isPageRoute(route)) route.config = { ...route.config, public: true };
  });
  answerErrors(plain, options.telemetry);
  observe(plain, options.telemetry);
  await server.register(rateLimit, { global: false });
  guardAccess(plain, options.auth, rateCheck(plain, options.limits));
  await registerOpenApi(plain, options.openapi);
  return server;
}

const createFastify = ({ telemetry, limits }: HttpServerOptions) =>
  fastify({
    loggerInstance: telemetry.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: () => crypto.randomUUID(),
    clientErrorHandler: brokenRequestAnswerer(telemetry),
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    trustProxy: limits.trustedProxies.length === 0 ? false : [...limits.trustedProxies],
    forceCloseConnections: 'idle',
    // Our own hook answers in the shape everything else has.
    return503OnClosing: false,
    // A patient key is a path parameter, percent-encoded.
    routerOptions: { maxParamLength: 2_000 },
  }).withTypeProvider<TypeBoxTypeProvider>();

/** By client once it is known, by address before. */
function rateCheck(server: FastifyInstance, { rateLimitPerMinute }: HttpLimits): RateCheck {
  if (rateLimitPerMinute === 0) return async () => null;
  const check = server.createRateLimit({
    max: rateLimitPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => (request.principal === null ? `address ${request.ip}` : `client ${request.principal.client}`),
  });
  return async (request) => {
    const verdict = await check(request);
    return verdict.isAllowed || !verdict.isExceeded ? null : { retryAfterSeconds: verdict.ttlInSeconds };
  };
}

function observe(server: FastifyInstance, telemetry: Telemetry): void {
  const metrics = createMetrics(telemetry.registry, httpMetrics);
  const routeOf = (request: FastifyRequest): string => (request.is404 ? 'none' : (request.routeOptions.url ?? 'none'));
  server.addHook('onRequest', async () => metrics.inFlight.inc());
  server.addHook('onResponse', async (request, reply) => {
    metrics.inFlight.dec();
    const route = routeOf(request);
    const { statusCode, elapsedTime } = reply;
    metrics.requestSeconds
      .labels({ route, method: methodOf(request), status: `${Math.floor(statusCode / 100)}xx` })
      .observe(elapsedTime / 1_000);
    if (request.log.level === 'debug' || request.log.level === 'trace')
      request.log.debug({ method: request.method, route, status: statusCode, durationMs: Math.round(elapsedTime) }, 'answered');
  });
}

/** Methods are the caller's words on an unknown route; labels must stay few. */
const methodOf = (request: FastifyRequest): string => (request.is404 ? 'any' : request.method);

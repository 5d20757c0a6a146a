/**
 * The operator's door of one service, apart from its public API: `/live` answers while the event loop turns, `/ready` says whether work can be
 * done and if not why, `/metrics` is for Prometheus. Plain node:http, no authentication: bind it to an address only operators reach.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../errors/app-error.ts';
import type { Registry } from '../telemetry/metrics.ts';
import type { Component } from './component.ts';
import type { ServiceHealth } from './service.ts';

export type OpsServerOptions = {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly registry: Registry;
  readonly health: () => ServiceHealth;
  /** What else is published here as JSON, by path; looked up at each request. */
  readonly documents?: OpsDocuments;
};
export type OpsServer = Component & { port(): number };

/** Public documents of a service for whoever reaches its operator's door, such as the keys it signs with. Never a secret, never patient data. */
export type OpsDocuments = ReadonlyMap<string, () => object>;

/** `start` rejects with PORT_UNAVAILABLE (fatal) when it cannot listen. */
export function createOpsServer(options: OpsServerOptions): OpsServer {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    answer(options, request).then(
      (reply) => send(response, reply),
      () => send(response, { status: 500, type: 'text/plain', body: 'cannot be told' }),
    );
  });
  return {
    name: 'ops',
    start: () => listen(server, options.host, options.port),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
    readiness: () => ({ ready: true }),
    port: () => (server.address() as AddressInfo | null)?.port ?? 0,
  };
}

type Reply = { readonly status: number; readonly type: string; readonly body: string };

async function answer({ health, registry, documents }: OpsServerOptions, request: IncomingMessage): Promise<Reply> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, type: 'text/plain', body: 'GET only' };
  const path = (request.url ?? '').split('?')[0] ?? '';
  const document = documents?.get(path);
  if (document !== undefined) return json(200, document());
  switch (path) {
    case '/live':
      return json(200, { live: true, state: health().state });
    case '/ready': {
      const now = health();
      return json(now.ready ? 200 : 503, now);
    }
    case '/metrics':
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    default:
      return { status: 404, type: 'text/plain', body: 'try /live, /ready or /metrics' };
  }
}

const json = (status: number, body: object): Reply => ({ status, type: 'application/json', body: `${JSON.stringify(body)}\n` });

function send(response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  const listening = Promise.withResolvers<void>();
  const refuse = (cause: Error) =>
    listening.reject(
      new AppError({
        code: 'PORT_UNAVAILABLE',
        kind: 'fatal',
        stage: 'receive',
        message: `cannot listen on ${host}:${port}`,
        cause,
      }),
    );
  server.once('error', refuse);
  server.listen(port, host, () => {
    server.off('error', refuse);
    listening.resolve();
  });
  return listening.promise;
}

/**
 * A small Confluent-compatible schema registry for the embedded stack: Avro only, stored in the Postgres schema `registry` (ADR 0005).
 *
 * Promise: the endpoints, codes and compatibility verdicts that Confluent's, kafkajs's, Python's and librdkafka's clients rely on.
 * Non-promise: a convenience for one machine. No authentication, no clustering, no references, contexts, modes, metadata or rules;
 * production points SCHEMA_REGISTRY_URL at a real registry.
 */
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import pg from 'pg';
import { RegistryError, storeFailed } from './errors.ts';
import { addRoutes } from './routes.ts';
import { openStore } from './store.ts';
import { createSubjects } from './subjects.ts';

export type RegistryOptions = {
  /** Default 127.0.0.1. Anybody who reaches the port may change schemas. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  readonly databaseUrl: string;
};
export type Registry = { readonly url: string; readonly stop: () => Promise<void> };

const contentType = 'application/vnd.schemaregistry.v1+json';
const acceptedTypes = [contentType, 'application/vnd.schemaregistry+json', 'application/json', 'application/octet-stream'];

/** Makes its tables, then listens. Rejects when Postgres does not answer or the port is taken. */
export async function startRegistry({ host = '127.0.0.1', port, databaseUrl }: RegistryOptions): Promise<Registry> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4, connectionTimeoutMillis: 10_000 });
  // An idle connection that breaks is replaced by the pool; whoever needs one and gets none is told there.
  pool.on('error', () => {});
  const app = createApp();
  try {
    addRoutes(app, createSubjects(await openStore(pool)));
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    await pool.end();
    throw error;
  }
  const address = app.server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    await app.close();
    await pool.end();
  };
  return { url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`, stop };
}

function createApp(): FastifyInstance {
  const app = Fastify({ bodyLimit: 4 * 1024 * 1024, forceCloseConnections: true, routerOptions: { maxParamLength: 1024 } });
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser(acceptedTypes, { parseAs: 'string' }, async (_request: unknown, body: string | Buffer) =>
    parseBody(body.toString()),
  );
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('content-type', contentType);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error_code: 404, message: 'HTTP 404 Not Found' }));
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const known = toRegistryError(error);
    return reply.code(known.status).header('content-type', contentType).send({ error_code: known.code, message: known.message });
  });
  return app;
}

/** Clients send a content type with their empty DELETEs as well. */
function parseBody(body: string): unknown {
  try {
    return body === '' ? null : JSON.parse(body);
  } catch {
    throw new RegistryError(400, 400, 'The request body is not valid JSON');
  }
}

function toRegistryError(error: FastifyError): RegistryError {
  if (error instanceof RegistryError) return error;
  const status = error.statusCode;
  return status !== undefined && status < 500 ? new RegistryError(status, status, error.message) : storeFailed();
}

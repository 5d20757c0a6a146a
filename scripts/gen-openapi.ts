/**
 * Writes docs/openapi-ingest.json and docs/openapi-api.json: what each server itself answers at /openapi.json, from its routes' schemas.
 * With `--check` only says whether they are up to date (exit 1 if not). The servers listen on nothing and reach nothing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Authenticator } from '@clinstream/runtime/http';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { createModelNames } from '../services/api/src/domain/model-names.ts';
import { type ApiServerOptions, createApiServer } from '../services/api/src/http/api-server.ts';
import { createModelCatalog } from '../services/ingest/src/domain/model-catalog.ts';
import { createIngestServer } from '../services/ingest/src/http/ingest-server.ts';

const unused = (): Promise<never> => Promise.reject(new Error('a document is made without any work'));
const auth: Authenticator = {
  name: 'auth',
  start: unused,
  stop: unused,
  readiness: () => ({ ready: true }),
  authenticate: unused,
};
const limits = { maxBodyBytes: 1, requestTimeoutMs: 1_000, rateLimitPerMinute: 1_000, trustedProxies: [] };
const listensToNothing = { listen: () => () => {} } as unknown as ApiServerOptions['postgres'];

const servers = {
  ingest: createIngestServer({
    telemetry: createSilentTelemetry(),
    auth,
    limits,
    batch: { maxLines: 1, maxBytes: 1, maxLineBytes: 1, maxGroup: 1, maxUnconfirmedGroups: 1, maxConcurrent: 1 },
    producer: { publish: unused },
    reservations: { reserve: unused, reserveMany: unused },
    models: createModelCatalog([]),
    publicUrl: 'http://localhost',
    confirmTimeoutMs: 1_000,
  }),
  api: createApiServer({
    telemetry: createSilentTelemetry(),
    auth,
    limits,
    postgres: listensToNothing,
    blobs: { get: unused },
    models: createModelNames([]),
    producer: { publish: unused },
    isComing: () => false,
    pollMs: 1_000,
    heartbeatMs: 1_000,
  }),
};

const check = process.argv.includes('--check');
for (const [name, made] of Object.entries(servers)) {
  const server = await made;
  const answer = await server.inject('/openapi.json');
  if (answer.statusCode !== 200) throw new Error(`${name} answers ${answer.statusCode} at /openapi.json`);
  const text = `${JSON.stringify(answer.json(), null, 2)}\n`;
  await server.close();
  const file = new URL(`../docs/openapi-${name}.json`, import.meta.url);
  if (!check) writeFileSync(file, text);
  else if (readOrEmpty(file) !== text) {
    console.error(`docs/openapi-${name}.json is not what the server says; run npm run gen`);
    process.exitCode = 1;
  }
}

function readOrEmpty(file: URL): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The one way to the FHIR server that target and poller share: connections, credentials, and a clock on every request. */
import { readFile } from 'node:fs/promises';
import type { AppDeps, Clock } from '@clinstream/runtime/lifecycle';
import { createMetrics } from '@clinstream/runtime/telemetry';
import { type Authorizer, anonymous, basic, bearer } from './auth/authorizer.ts';
import { readClientKey } from './auth/client-key.ts';
import { createSmartAuthorizer } from './auth/smart-authorizer.ts';
import { createFhirClient, type FhirClient, type FhirRequest } from './client.ts';
import type { FhirConfig } from './config.ts';
import { fhirError } from './errors.ts';
import { createHttp, type Http } from './http.ts';
import { fhirMetrics } from './metrics.ts';

export type FhirConnection = {
  readonly client: FhirClient;
  /** Reads the private key and publishes its public half. Rejects with FHIR_KEY_INVALID (fatal). Safe to call twice. */
  open(): Promise<void>;
  close(): Promise<void>;
};

export type FhirConnectionDeps = Pick<AppDeps, 'telemetry' | 'publishOnOps'>;

/** Where the authorisation server reads our public keys, on the operator's door. */
export const jwksPath = '/fhir-jwks.json';
/** A page of a hundred orders is well below; anything longer is not meant for us. */
const maxReplyBytes = 16 * 1024 * 1024;

export function createFhirConnection(config: FhirConfig, { telemetry, publishOnOps }: FhirConnectionDeps): FhirConnection {
  const { clock, registry } = telemetry;
  const { baseUrl, timeoutMs, concurrency } = config;
  // Room for the dispatcher's patients, the poller, a probe and a token.
  const http = createHttp({ timeoutMs, connections: concurrency + 3, maxReplyBytes });
  const ready = once(() => authorizerOf(config, http, clock, publishOnOps));
  const authorizer: Authorizer = {
    authorization: async (signal) => await (await ready()).authorization(signal),
    forget: (authorization) => settled?.forget(authorization) ?? false,
  };
  let settled: Authorizer | null = null;
  const client = createFhirClient({ baseUrl, http, authorizer, clock });
  return {
    client: measured(client, createMetrics(registry, fhirMetrics), clock),
    open: async () => {
      settled = await ready();
    },
    close: () => http.close(),
  };
}

/** One run, shared; a failed one is repeated by the next caller. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}

async function authorizerOf(
  { auth, baseUrl }: FhirConfig,
  http: Http,
  clock: Clock,
  publishOnOps: FhirConnectionDeps['publishOnOps'],
): Promise<Authorizer> {
  switch (auth.kind) {
    case 'none':
      return anonymous;
    case 'basic':
      return basic(auth.username, auth.password);
    case 'bearer':
      return bearer(auth.token);
    case 'smart': {
      const text = await readFile(auth.privateKeyFile, 'utf8').catch((cause: unknown) => {
        throw fhirError('FHIR_KEY_INVALID', { cause });
      });
      const key = await readClientKey(text);
      publishOnOps?.(jwksPath, () => key.jwks);
      return createSmartAuthorizer({ baseUrl, clientId: auth.clientId, scopes: auth.scopes, key, http, clock });
    }
  }
}

type Measures = ReturnType<typeof createMetrics<typeof fhirMetrics>>;

function measured(client: FhirClient, metrics: Measures, clock: Clock): FhirClient {
  return {
    baseUrl: client.baseUrl,
    send: async (request) => {
      const began = clock.now();
      const observe = (status: string) =>
        metrics.requestSeconds.labels({ operation: operationOf(request), status }).observe((clock.now() - began) / 1_000);
      try {
        const reply = await client.send(request);
        observe(`${Math.floor(reply.status / 100)}xx`);
        return reply;
      } catch (error) {
        observe('none');
        throw error;
      }
    },
  };
}

/** A few words, never a path: paths hold ids. */
function operationOf({ method, path }: FhirRequest): string {
  if (path === 'metadata') return 'metadata';
  if (path === '') return 'transaction';
  if (path.endsWith('$validate')) return 'validate';
  if (method !== 'GET') return 'update';
  return path.includes('?') ? 'search' : 'read';
}

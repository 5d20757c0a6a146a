/** Test only. The whole API server over a projection that is fed by hand; a token is the role itself. */
import type { ModelManifest } from '@clinstream/contracts';
import { type Authenticator, type HttpServer, httpProblem, knownRoles } from '@clinstream/runtime/http';
import { createModelNames } from '../src/domain/model-names.ts';
import { createApiServer } from '../src/http/api-server.ts';
import { type SinkUnderTest, sinkUnderTest } from './sink-under-test.ts';

export const manifest: ModelManifest = {
  name: 'breast-cancer',
  version: '1.0.0',
  title: 'Breast mass',
  kind: 'diagnosis',
  demonstration: true,
  file: 'm.onnx',
  digest: '0'.repeat(64),
  inputs: ['radius', 'texture', 'area'].map((name) => ({ name, codes: [], unit: 'um', minimum: 0, maximum: 9, required: true })),
  outputs: { positive: 'malignant', negative: 'benign', threshold: 0.5 },
  evidence: null,
  orderCodes: [],
  population: { minimumAgeYears: null, maximumAgeYears: null, sexes: null },
  limits: { softTimeoutMs: 1, hardTimeoutMs: 2, attempts: 3 },
  licence: 'none',
};

const authOfRoles: Authenticator = {
  name: 'auth',
  start: async () => {},
  stop: async () => {},
  readiness: () => ({ ready: true }),
  authenticate: async (token) => {
    if (!(knownRoles as readonly string[]).includes(token)) throw httpProblem('TOKEN_INVALID');
    return { subject: 'test', client: 'test', roles: [token] };
  },
};

export type Answer = { readonly status: number; readonly body: unknown; readonly headers: Headers };
export type ApiUnderTest = {
  readonly under: SinkUnderTest;
  readonly server: HttpServer;
  readonly base: string;
  readonly blobs: Map<string, Buffer>;
  get(path: string, options?: { readonly role?: string; readonly headers?: Record<string, string> }): Promise<Answer>;
  end(): Promise<void>;
};

export async function apiUnderTest(options: { readonly pollMs?: number } = {}): Promise<ApiUnderTest> {
  const under = await sinkUnderTest();
  const blobs = new Map<string, Buffer>();
  const server = await createApiServer({
    telemetry: under.telemetry,
    auth: authOfRoles,
    limits: { maxBodyBytes: 10_000, requestTimeoutMs: 10_000, rateLimitPerMinute: 0, trustedProxies: [] },
    postgres: under.postgres,
    blobs: { get: async (ref) => blobs.get(ref) ?? Promise.reject(new Error('no blob')) },
    models: createModelNames([manifest]),
    pollMs: options.pollMs ?? 60_000,
    heartbeatMs: 60_000,
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const address = server.server.address();
  const base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return {
    under,
    server,
    base,
    blobs,
    async get(path, { role = 'doctor', headers = {} } = {}) {
      const response = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${role}`, ...headers } });
      const text = await response.text();
      const body: unknown = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
      return { status: response.status, body, headers: response.headers };
    },
    async end() {
      await server.close();
      await under.end();
    },
  };
}

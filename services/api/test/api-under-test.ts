/** Test only. The whole API server over a projection that is fed by hand; a token is the role itself. */
import type { ModelManifest, Topic } from '@clinstream/contracts';
import { AppError } from '@clinstream/runtime/errors';
import { type Authenticator, type HttpServer, httpProblem, knownRoles } from '@clinstream/runtime/http';
import type { EventProducer, OutgoingEvent } from '@clinstream/runtime/producer';
import { createModelNames } from '../src/domain/model-names.ts';
import { createApiServer } from '../src/http/api-server.ts';
import { resetProjection } from '../src/sink/sql/reset-projection.ts';
import { at, cluster, type Placed } from './events.ts';
import { type SinkUnderTest, sinkUnderTest, wholeLog } from './sink-under-test.ts';

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

export type View = Record<string, unknown>;
export type Answer = { readonly status: number; readonly body: unknown; readonly headers: Headers };
export type ApiUnderTest = {
  readonly under: SinkUnderTest;
  readonly server: HttpServer;
  readonly base: string;
  readonly blobs: Map<string, Buffer>;
  readonly log: TestLog;
  get(path: string, options?: { readonly role?: string; readonly headers?: Record<string, string> }): Promise<Answer>;
  post(path: string, body: unknown, options?: { readonly role?: string }): Promise<Answer>;
  /** An empty projection, and a log nothing was published to. */
  begin(): Promise<void>;
  feed(...placed: readonly Placed[]): Promise<void>;
  /** Body of a GET. */
  view(path: string): Promise<View>;
  /** Ids of the items of a list. */
  idsOf(path: string, id?: string): Promise<readonly unknown[]>;
  end(): Promise<void>;
};

export type TestLog = {
  readonly producer: Pick<EventProducer, 'publish'>;
  readonly published: OutgoingEvent[];
  /** Kafka is away from now on, or back. */
  setAway(away: boolean): void;
  /** The sink reads what it has not read yet, beyond what the test itself fed per topic. */
  deliver(fed?: Readonly<Partial<Record<Topic, number>>>): Promise<void>;
  clear(): void;
};

/** A log of one partition per topic, read when told to. */
function createTestLog(under: SinkUnderTest): TestLog {
  const published: OutgoingEvent[] = [];
  const pending: Placed[] = [];
  let isAway = false;
  const publish: EventProducer['publish'] = async (event) => {
    if (isAway)
      throw new AppError({
        code: 'KAFKA_UNAVAILABLE',
        kind: 'retryable',
        scope: 'dependency',
        stage: 'publish',
        message: 'away',
      });
    const offset = published.filter(({ topic }) => topic === event.topic).length;
    published.push(event);
    pending.push({ ...at(event.topic, offset, event.value), eventId: event.envelope.eventId });
    return { topic: event.topic, partition: 0, offset };
  };
  return {
    producer: { publish },
    published,
    setAway: (away) => {
      isAway = away;
    },
    deliver: (fed = {}) =>
      under.feed(...pending.splice(0).map((placed) => ({ ...placed, offset: placed.offset + (fed[placed.topic] ?? 0) }))),
    clear: () => {
      published.length = 0;
      pending.length = 0;
    },
  };
}

/** Code and status of a problem. */
export const codeOf = ({ status, body }: Pick<Answer, 'status' | 'body'>) => [status, (body as View)['code']];

export async function apiUnderTest(options: { readonly pollMs?: number } = {}): Promise<ApiUnderTest> {
  const under = await sinkUnderTest();
  const log = createTestLog(under);
  const blobs = new Map<string, Buffer>();
  const server = await createApiServer({
    telemetry: under.telemetry,
    auth: authOfRoles,
    limits: { maxBodyBytes: 10_000, requestTimeoutMs: 10_000, rateLimitPerMinute: 0, trustedProxies: [] },
    postgres: under.postgres,
    blobs: { get: async (ref) => blobs.get(ref) ?? Promise.reject(new Error('no blob')) },
    models: createModelNames([manifest]),
    producer: log.producer,
    isComing: () => false,
    pollMs: options.pollMs ?? 60_000,
    heartbeatMs: 60_000,
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const address = server.server.address();
  const base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`${base}${path}`, init);
    const text = await response.text();
    const body: unknown = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
    return { status: response.status, body, headers: response.headers };
  };
  const get: ApiUnderTest['get'] = (path, { role = 'doctor', headers = {} } = {}) =>
    ask(path, { headers: { authorization: `Bearer ${role}`, ...headers } });
  const view = async (path: string): Promise<View> => (await get(path)).body as View;
  return {
    ...{ under, server, base, blobs, log, get, view, feed: under.feed },
    async begin() {
      await resetProjection(under.postgres);
      await under.sink.startAt(cluster, wholeLog());
      log.clear();
    },
    idsOf: async (path, id = 'jobId') => ((await view(path))['items'] as View[]).map((item) => item[id]),
    post: (path, body, { role = 'doctor' } = {}) =>
      ask(path, {
        method: 'POST',
        headers: { authorization: `Bearer ${role}`, ...(body === null ? {} : { 'content-type': 'application/json' }) },
        ...(body === null ? {} : { body: JSON.stringify(body) }),
      }),
    async end() {
      await server.close();
      await under.end();
    },
  };
}

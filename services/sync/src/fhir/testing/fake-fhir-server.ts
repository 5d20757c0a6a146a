/**
 * A FHIR server for injected failures only: what a real one cannot be made to do on command. It keeps versions, If-Match and whole-or-nothing
 * transactions, so that an effect can be counted; it validates nothing and searches Patients by identifier alone.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JsonRecord, objectIn, objectsIn, parseObject, textIn } from '../json.ts';

export type FakeRequest = {
  readonly method: string;
  /** Without the base: `metadata`, `Patient?…`, '' for the base itself. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: JsonRecord | null;
  readonly text: string;
};
export type FakeReply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | string;
};

/** What happens to a request instead of, or around, its answer. */
export type Injection =
  | { readonly kind: 'reply'; readonly reply: FakeReply }
  /** Bytes straight onto the socket: no HTTP at all if need be. */
  | { readonly kind: 'raw'; readonly write: (response: ServerResponse) => void }
  | { readonly kind: 'cut_before' }
  | { readonly kind: 'cut_after' }
  /** Never answers. */
  | { readonly kind: 'hang' };

export type FakeFhirServer = {
  readonly baseUrl: string;
  /** `Type/id` to what stands there; the version grows with every write, equal content or not: the strictest of servers. */
  readonly store: Map<string, { resource: JsonRecord; version: number; deleted: boolean }>;
  readonly requests: FakeRequest[];
  transactions(): number;
  /** Asked before every request; null lets it pass. */
  inject(decide: (request: FakeRequest) => Injection | null): void;
  stop(): Promise<void>;
};

export async function startFakeFhirServer(): Promise<FakeFhirServer> {
  const store: FakeFhirServer['store'] = new Map();
  const requests: FakeRequest[] = [];
  let decide: (request: FakeRequest) => Injection | null = () => null;
  const server = createServer((incoming, response) => {
    void readRequest(incoming).then((request) => {
      requests.push(request);
      respond(response, decide(request), () => handle(store, request));
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`;
  return {
    baseUrl,
    store,
    requests,
    transactions: () => requests.filter(({ method, path }) => method === 'POST' && path === '').length,
    inject: (next) => {
      decide = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const path = (incoming.url ?? '').replace(/^\/fhir\/?/, '');
  return { method: incoming.method ?? '', path, headers: incoming.headers, body: parseObject(text), text };
}

function respond(response: ServerResponse, injection: Injection | null, effect: () => FakeReply): void {
  if (injection === null) sendReply(response, effect());
  else if (injection.kind === 'reply') sendReply(response, injection.reply);
  else if (injection.kind === 'raw') injection.write(response);
  else if (injection.kind !== 'hang') {
    if (injection.kind === 'cut_after') effect();
    response.socket?.destroy();
  }
}

function sendReply(response: ServerResponse, { status, headers, body }: FakeReply): void {
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/fhir+json', ...headers }).end(text);
}

export const outcome = (code: string, diagnostics = ''): object => ({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code, diagnostics }],
});

function handle(store: FakeFhirServer['store'], { method, path, headers, body }: FakeRequest): FakeReply {
  if (method === 'GET' && path.startsWith('metadata')) return { status: 200, body: capabilityStatement };
  if (method === 'GET' && path.startsWith('Patient?')) return searchPatients(store, path);
  if (method === 'GET') return readOne(store, path);
  if (method === 'PUT' && body !== null) return putOne(store, path, body, versionAsked(headers['if-match']));
  if (method === 'POST' && path === '' && body !== null) return transact(store, body);
  return { status: 404, body: outcome('not-found') };
}

const versionAsked = (header: unknown): string | null => (typeof header === 'string' ? header.replace(/^W\/"|"$/g, '') : null);

function readOne(store: FakeFhirServer['store'], key: string): FakeReply {
  const found = store.get(key);
  if (found === undefined) return { status: 404, body: outcome('not-found') };
  if (found.deleted) return { status: 410, body: outcome('deleted') };
  return { status: 200, headers: { etag: `W/"${found.version}"` }, body: withVersion(found.resource, found.version) };
}

const withVersion = (resource: JsonRecord, version: number): JsonRecord => ({
  ...resource,
  meta: { ...objectIn(resource, 'meta'), versionId: `${version}` },
});

function putOne(store: FakeFhirServer['store'], key: string, resource: JsonRecord, ifMatch: string | null): FakeReply {
  const found = store.get(key);
  if (ifMatch !== null && `${found?.version ?? 0}` !== ifMatch) return { status: 412, body: outcome('conflict') };
  const version = (found?.version ?? 0) + 1;
  store.set(key, { resource, version, deleted: false });
  return { status: found === undefined ? 201 : 200, headers: { etag: `W/"${version}"` } };
}

/** On a copy first: whole or not at all. */
function transact(store: FakeFhirServer['store'], bundle: JsonRecord): FakeReply {
  const copy = new Map(store);
  const answers: object[] = [];
  for (const entry of objectsIn(bundle, 'entry')) {
    const request = objectIn(entry, 'request');
    const key = textIn(request, 'url') ?? '';
    const reply = putOne(copy, key, objectIn(entry, 'resource') ?? {}, versionAsked(request?.['ifMatch']));
    if (reply.status >= 400) return reply;
    const version = copy.get(key)?.version ?? 0;
    answers.push({ response: { status: `${reply.status}`, etag: `W/"${version}"`, location: `${key}/_history/${version}` } });
  }
  for (const [key, value] of copy) store.set(key, value);
  return { status: 200, body: { resourceType: 'Bundle', type: 'transaction-response', entry: answers } };
}

function searchPatients(store: FakeFhirServer['store'], path: string): FakeReply {
  const tokens = (new URLSearchParams(path.split('?')[1]).get('identifier') ?? '').split(',');
  const entry = [...store.values()]
    .filter(({ resource, deleted }) => !deleted && resource['resourceType'] === 'Patient')
    .filter(({ resource }) =>
      objectsIn(resource, 'identifier').some((one) => tokens.includes(`${one['system']}|${one['value']}`)),
    )
    .map(({ resource }) => ({ resource }));
  return { status: 200, body: { resourceType: 'Bundle', type: 'searchset', total: entry.length, entry } };
}

const interactions = ['read', 'update'].map((code) => ({ code }));

export const capabilityStatement = {
  resourceType: 'CapabilityStatement',
  fhirVersion: '4.0.1',
  rest: [
    {
      mode: 'server',
      interaction: [{ code: 'transaction' }],
      resource: [
        ...['Patient', 'ServiceRequest', 'Specimen', 'Observation', 'DiagnosticReport', 'RiskAssessment', 'Provenance', 'Device'],
        ...['Task', 'MedicationRequest', 'DetectedIssue'],
      ].map((type) => ({ type, interaction: interactions, versioning: 'versioned-update', updateCreate: true })),
    },
  ],
};

export const isTransaction = ({ method, path }: FakeRequest): boolean => method === 'POST' && path === '';
/** The `Type/id` of every entry of a transaction. */
export const keysIn = ({ body }: FakeRequest): readonly string[] =>
  objectsIn(body, 'entry').flatMap((entry) => textIn(objectIn(entry, 'request'), 'url') ?? []);

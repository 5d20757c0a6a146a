/** The HTTP door by injection, with a log and a store that fail when told to: every answer a sender can get. */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { type Authenticator, type HttpServer, httpProblem } from '@clinstream/runtime/http';
import { createSilentTelemetry, parseTraceparent, type Telemetry } from '@clinstream/runtime/telemetry';
import { createIngestServer } from './ingest-server.ts';
import {
  createFakeLog,
  createFakeStore,
  type FakeLog,
  type FakeStore,
  goodBody,
  kafkaUnavailable,
  postgresUnavailable,
  testModels,
} from './test-support.ts';

let server: HttpServer;
let log: FakeLog;
let store: FakeStore;
let telemetry: Telemetry;

/** A token is its roles. */
const auth: Authenticator = {
  name: 'auth',
  start: async () => {},
  stop: async () => {},
  readiness: () => ({ ready: true }),
  authenticate: async (token) => {
    if (token === 'forged') throw httpProblem('TOKEN_INVALID');
    return { subject: 's', client: 'his', roles: token.split('+') };
  },
};

beforeEach(async () => {
  await server?.close();
  log = createFakeLog();
  store = createFakeStore();
  telemetry = createSilentTelemetry();
  server = await createIngestServer({
    telemetry,
    auth,
    limits: { maxBodyBytes: 4_096, requestTimeoutMs: 10_000, rateLimitPerMinute: 0, trustedProxies: [] },
    batch: { maxLineBytes: 2_000, maxLines: 100, maxBytes: 20_000, maxGroup: 10, maxUnconfirmedGroups: 2, maxConcurrent: 1 },
    producer: { publish: log.publish },
    reservations: store,
    models: testModels,
    publicUrl: 'http://api.example',
    confirmTimeoutMs: 50,
  });
});
after(() => server.close());

type Sent = { readonly url?: string; readonly body?: unknown; readonly raw?: string; readonly headers?: Record<string, string> };

async function send({ url = '/v1/analyses', body = goodBody, raw, headers = {} }: Sent = {}) {
  const response = await server.inject({
    method: 'POST',
    url,
    headers: { authorization: 'Bearer doctor', 'content-type': 'application/json', ...headers },
    payload: raw ?? JSON.stringify(body),
  });
  return { status: response.statusCode, headers: response.headers, json: () => response.json(), text: response.body };
}

test('202 with job, position, lane and a Location that carries the position', async () => {
  const { status, headers, json } = await send({ headers: { 'x-correlation-id': 'corr-1' } });
  assert.equal(status, 202);
  const { jobId, position, lane, links } = json();
  assert.deepEqual([position, lane], ['analysis.requests.stat.v1:0:0', 'stat']);
  assert.equal(headers.location, `http://api.example/v1/analyses/${jobId}?position=${position}`);
  assert.equal(links.self, headers.location);
  assert.equal(links.events, `http://api.example/v1/analyses/${jobId}/events?position=${position}`);
  assert.equal(log.published[0]?.envelope.correlationId, 'corr-1');
  assert.equal((log.published[0]?.value as { requestedBy: string } | undefined)?.requestedBy, 'his');
});

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
test('the trace of a traceparent goes on, without one or with a broken one a new trace begins, and a correlation id that is none is replaced', async () => {
  await send({ headers: { traceparent } });
  await send({ headers: { traceparent: 'broken', 'x-correlation-id': 'Hong Gildong' } });
  const [first, second] = log.published.map((event) => event.envelope);
  const [given, continued, begun] = [traceparent, first?.traceparent, second?.traceparent].map(parseTraceparent);
  assert.equal(continued?.traceId, given?.traceId);
  assert.notEqual(continued?.parentId, given?.parentId, 'the door is a span of its own');
  assert.ok(begun !== null && begun?.traceId !== given?.traceId);
  assert.match(second?.correlationId ?? '', /^[0-9a-f-]{36}$/);
});

const refusals: readonly (readonly [string, Sent, number, string])[] = [
  ['malformed JSON', { raw: '{"patient":' }, 400, 'MALFORMED_JSON'],
  ['a prototype key', { raw: '{"__proto__":{"x":1}}' }, 400, 'MALFORMED_JSON'],
  ['an empty body', { raw: '' }, 400, 'MALFORMED_JSON'],
  ['wrong types', { body: { ...goodBody, patient: 'P1' } }, 400, 'INVALID_REQUEST'],
  ['a member nobody knows', { body: { ...goodBody, colour: 'red' } }, 400, 'INVALID_REQUEST'],
  ['no patient member', { body: { ...goodBody, patient: undefined } }, 400, 'INVALID_REQUEST'],
  ['a priority nobody knows', { body: { ...goodBody, priority: 'now' } }, 400, 'INVALID_REQUEST'],
  ['a text for a flag', { body: { ...goodBody, evidence: 'true' } }, 400, 'INVALID_REQUEST'],
  ['an unknown model', { body: { ...goodBody, model: 'nope' } }, 422, 'UNKNOWN_MODEL'],
  ['an unknown version', { body: { ...goodBody, modelVersion: '9.0.0' } }, 422, 'UNKNOWN_MODEL_VERSION'],
  ['a missing input', { body: { ...goodBody, inputs: { radius: 10 } } }, 422, 'INVALID_INPUTS'],
  ['an input out of range', { body: { ...goodBody, inputs: { radius: 31, texture: 1 } } }, 422, 'INVALID_INPUTS'],
  ['an input that is a text', { body: { ...goodBody, inputs: { radius: '10', texture: 1 } } }, 422, 'INVALID_INPUTS'],
  ['evidence nobody offers', { body: { ...goodBody, evidence: true } }, 422, 'EVIDENCE_NOT_OFFERED'],
  ['an oversized body', { raw: JSON.stringify({ ...goodBody, pad: 'x'.repeat(5_000) }) }, 413, 'BODY_TOO_LARGE'],
  ['another content type', { headers: { 'content-type': 'text/plain' } }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['no token', { headers: { authorization: '' } }, 401, 'TOKEN_MISSING'],
  ['a forged token', { headers: { authorization: 'Bearer forged' } }, 401, 'TOKEN_INVALID'],
  ['a patient', { headers: { authorization: 'Bearer patient' } }, 403, 'FORBIDDEN'],
  ['the registration desk', { headers: { authorization: 'Bearer staff' } }, 403, 'FORBIDDEN'],
  ['a patient, on orders', { url: '/v1/orders', headers: { authorization: 'Bearer patient' } }, 403, 'FORBIDDEN'],
  ['a patient, on batches', { url: '/v1/analyses:batch', headers: { authorization: 'Bearer patient' } }, 403, 'FORBIDDEN'],
  ['a key with a blank', { headers: { 'idempotency-key': 'a b' } }, 400, 'INVALID_REQUEST'],
  ['a key too long', { headers: { 'idempotency-key': 'k'.repeat(256) } }, 400, 'INVALID_REQUEST'],
  ['JSON to the batch', { url: '/v1/analyses:batch' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['an order without action', { url: '/v1/orders', body: {} }, 400, 'INVALID_REQUEST'],
];
for (const [what, sent, status, code] of refusals) {
  test(`refused: ${what}`, async () => {
    const answer = await send(sent);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json().code, code);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
    assert.equal(log.published.length, 0);
    assert.equal(store.statements(), 0);
  });
}

test('an unknown model is answered with the models there are', async () => {
  assert.deepEqual((await send({ body: { ...goodBody, model: 'nope' } })).json().known, { tumour: ['1.0.0'] });
});

test('every fault of the inputs is told, none of their values', async () => {
  const answer = await send({
    body: { ...goodBody, inputs: { radius: 98_765, texture: { value: 4, unit: 'furlong' }, extra: 1 } },
  });
  const told = answer.json().errors.map((error: { pointer: string; code: string }) => `${error.pointer} ${error.code}`);
  assert.deepEqual(told, ['/inputs/radius OUT_OF_RANGE', '/inputs/texture WRONG_UNIT', '/inputs/extra UNKNOWN_INPUT']);
  assert.doesNotMatch(answer.text, /98765|furlong/);
});

test('a national id is refused by name and never repeated', async () => {
  const answer = await send({ body: { ...goodBody, patient: { ...goodBody.patient, id: '900101-1234567' } } });
  assert.deepEqual([answer.status, answer.json().code], [422, 'NATIONAL_ID_REFUSED']);
  assert.doesNotMatch(answer.text, /900101|1234567/);
});

test('a keyed repeat is the same job and equal bytes; other content under the key is refused', async () => {
  const headers = { 'idempotency-key': 'k-1' };
  const first = await send({ headers });
  const again = await send({ headers, body: { ...goodBody, inputs: { texture: 20, radius: 10 } } });
  assert.equal(again.json().jobId, first.json().jobId);
  assert.deepEqual(log.published[0]?.value, log.published[1]?.value);
  assert.equal(log.published[0]?.envelope.eventId, log.published[1]?.envelope.eventId);
  const other = await send({ headers, body: { ...goodBody, inputs: { radius: 11, texture: 20 } } });
  assert.deepEqual([other.status, other.json().code], [422, 'IDEMPOTENCY_KEY_REUSED']);
  assert.equal(log.published.length, 2);
});

test('the log away: 503 with Retry-After N-1 times, then 202 for the same job', async () => {
  log.failNext(kafkaUnavailable(), 'never', kafkaUnavailable());
  const headers = { 'idempotency-key': 'k-2' };
  for (let i = 0; i < 3; i++) {
    const answer = await send({ headers });
    assert.deepEqual([answer.status, answer.json().code], [503, 'KAFKA_UNAVAILABLE']);
    assert.ok(Number(answer.headers['retry-after']) > 0);
    assert.equal(answer.json().mayHaveBeenAccepted, true);
    assert.match(answer.json().detail, /same key is safe/);
  }
  assert.equal((await send({ headers })).status, 202);
});

test('an unkeyed request the log did not confirm is told what a repeat means', async () => {
  log.failNext(kafkaUnavailable());
  assert.match((await send()).json().detail, /may take effect twice/);
});

test('Postgres away: keyed requests only get 503, and nothing was published', async () => {
  store.failNext(postgresUnavailable());
  const keyed = await send({ headers: { 'idempotency-key': 'k-3' } });
  assert.deepEqual([keyed.status, keyed.json().code, keyed.json().mayHaveBeenAccepted], [503, 'POSTGRES_UNAVAILABLE', false]);
  assert.ok(keyed.headers['retry-after']);
  assert.equal(log.published.length, 0);
  assert.equal((await send()).status, 202);
});

const order = {
  action: 'place',
  placerNumber: 'P-1',
  placerAuthority: 'HIS',
  patient: goodBody.patient,
  kind: 'laboratory',
  code: { code: 'CBC', system: 'L' },
};
const sendOrder = (body: object, headers = {}) => send({ url: '/v1/orders', body, headers });

test('an order is placed; equal content again is the same order; other content is a duplicate', async () => {
  const first = await sendOrder(order);
  assert.equal(first.status, 202, first.text);
  const again = await sendOrder({ ...order, code: { ...order.code, display: 'Blood count' } });
  assert.equal(again.json().orderId, first.json().orderId);
  assert.equal(log.published[0]?.envelope.eventId, log.published[1]?.envelope.eventId);
  const other = await sendOrder({ ...order, code: { code: 'BMP', system: 'L' } });
  assert.deepEqual([other.status, other.json().code], [409, 'DUPLICATE_ORDER']);
});

test('an order with an analysis is two events and a Location; a bad model input refuses it whole', async () => {
  const analysis = { model: 'tumour', inputs: goodBody.inputs };
  const placed = await sendOrder({ ...order, kind: 'ai_analysis', priority: 'urgent', analysis });
  assert.deepEqual(log.published.map((event) => event.topic).toSorted(), ['analysis.requests.urgent.v1', 'clinical.orders.v1']);
  assert.equal(placed.headers.location, placed.json().links.self);
  assert.match(placed.json().analysis.links.self, /\/v1\/analyses\//);
  const bad = await sendOrder({ ...order, placerNumber: 'P-2', analysis: { model: 'tumour', inputs: {} } });
  assert.deepEqual([bad.status, bad.json().errors[0].pointer], [422, '/analysis/inputs/radius']);
  assert.equal(log.published.length, 2);
});

test('an order is told the faults of its own action only', async () => {
  const pointers = async (body: object) =>
    (await sendOrder(body)).json().errors.map((error: { pointer: string }) => error.pointer);
  const { kind: _, ...withoutKind } = order;
  assert.deepEqual(await pointers(withoutKind), ['/kind']);
  assert.deepEqual(await pointers({ ...order, action: 'cancel' }), ['/kind', '/code']);
});

test('amend and cancel need no store, also of orders never seen', async () => {
  store.failNext(postgresUnavailable());
  const { action: _, kind, code, ...identity } = order;
  assert.equal((await sendOrder({ ...identity, action: 'amend', kind, code })).status, 202);
  assert.equal((await sendOrder({ ...identity, action: 'cancel' })).status, 202);
  assert.deepEqual(
    log.published.map((event) => event.envelope.eventType),
    ['OrderAmended', 'OrderCancelRequested'],
  );
  assert.equal((await sendOrder(order)).status, 503);
});

test('an order refused for its key leaves the placer number free', async () => {
  const headers = { 'idempotency-key': 'o-1' };
  await sendOrder(order, headers);
  assert.equal((await sendOrder({ ...order, placerNumber: 'P-9' }, headers)).json().code, 'IDEMPOTENCY_KEY_REUSED');
  assert.equal((await sendOrder({ ...order, placerNumber: 'P-9', note: 'other' })).status, 202);
});

const ndjson = { 'content-type': 'application/x-ndjson' };
const lineOf = (reference: string, over = {}): string => JSON.stringify({ reference, ...goodBody, ...over });

test('a batch answers line by line, a broken line alone', async () => {
  const raw = [lineOf('a'), 'not json', lineOf('c', { inputs: {} }), lineOf('d')].join('\n');
  const answer = await send({ url: '/v1/analyses:batch', raw, headers: ndjson });
  assert.equal(answer.status, 200, answer.text);
  assert.match(String(answer.headers['content-type']), /x-ndjson/);
  const lines = answer.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map((line) => [line.line, line.reference, line.status]),
    [
      [1, 'a', 202],
      [2, null, 400],
      [3, 'c', 422],
      [4, 'd', 202],
    ],
  );
  assert.equal(lines[2].problem.type, 'urn:clinstream:problem:invalid-inputs');
});

test('a batch whose length says it is too long is refused before it is read', async () => {
  const answer = await send({ url: '/v1/analyses:batch', raw: `${lineOf('a')}\n`.repeat(200), headers: ndjson });
  assert.deepEqual([answer.status, answer.json().code], [413, 'BATCH_TOO_LONG']);
});

test('more batches at once than allowed are told to come back, and later may', async () => {
  log.failNext('never');
  const one = send({ url: '/v1/analyses:batch', raw: lineOf('a'), headers: ndjson });
  const two = await send({ url: '/v1/analyses:batch', raw: lineOf('b'), headers: ndjson });
  assert.deepEqual([two.status, two.json().code], [503, 'TOO_MANY_BATCHES']);
  assert.match((await one).text, /KAFKA_UNAVAILABLE/);
  assert.equal((await send({ url: '/v1/analyses:batch', raw: lineOf('c'), headers: ndjson })).status, 200);
});

test('what happened is counted, and no label holds a word of the request', async () => {
  await send();
  await send({ body: { ...goodBody, model: 'canary-model' } });
  const text = await telemetry.registry.metrics();
  assert.match(text, /clinstream_ingest_accepted_total\{operation="analysis"\} 1/);
  assert.match(text, /clinstream_ingest_refused_total\{operation="analysis",error_code="UNKNOWN_MODEL"\} 1/);
  assert.doesNotMatch(text, /canary/);
});

test('the API document names the routes with a plain colon', async () => {
  const { paths } = (await server.inject({ url: '/openapi.json' })).json();
  assert.deepEqual(Object.keys(paths).toSorted(), ['/v1/analyses', '/v1/analyses:batch', '/v1/orders']);
});

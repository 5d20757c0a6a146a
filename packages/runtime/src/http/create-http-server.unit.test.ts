/** Through fastify's inject: no socket. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../errors/app-error.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { type Authenticator, createHttpServer, httpProblem, problem, problemResponses, Type } from './index.ts';

const canary = 'Canary-Kim';

/** Tokens are role names here. */
const auth: Authenticator = {
  name: 'fake',
  start: async () => {},
  stop: async () => {},
  readiness: () => ({ ready: true }),
  authenticate: async (token) => {
    if (token === 'away') throw httpProblem('KEYS_UNAVAILABLE', { retryAfterSeconds: 5 });
    if (token === 'bad') throw httpProblem('TOKEN_INVALID', { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } });
    return { subject: token, client: token, roles: [token] };
  },
};

async function setUp(rateLimitPerMinute = 0, trustedProxies: readonly string[] = []) {
  const lines: string[] = [];
  const log = createLogger({ name: 'svc', level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
  const telemetry = { ...createSilentTelemetry(), log };
  const limits = { maxBodyBytes: 2_000, requestTimeoutMs: 5_000, rateLimitPerMinute, trustedProxies };
  const server = await createHttpServer({
    name: 'svc',
    telemetry,
    auth,
    limits,
    openapi: { title: 'T', version: '1', description: 'd' },
  });
  server.post(
    '/v1/things/:id',
    {
      config: { roles: ['doctor', 'nurse'] },
      schema: {
        params: Type.Object({ id: Type.Integer() }),
        querystring: Type.Object({ n: Type.Optional(Type.Integer({ default: 4, maximum: 9 })) }),
        body: Type.Object(
          { a: Type.Number({ maximum: 5 }), kind: Type.Union([Type.Literal('x'), Type.Literal('y')]) },
          { additionalProperties: false },
        ),
        response: { 202: Type.Object({ n: Type.Integer() }), ...problemResponses(409, 422) },
      },
    },
    async (request, reply) => reply.code(202).send({ n: request.query.n ?? -1 }),
  );
  const errors: Record<string, () => unknown> = {
    own: () => problem(409, 'DUPLICATE_ORDER', 'Duplicate order', 'x', { members: { orderId: 'o1' } }),
    away: () =>
      new AppError({
        code: 'KAFKA_UNAVAILABLE',
        kind: 'retryable',
        scope: 'dependency',
        stage: 'publish',
        message: 'x',
        retryAfterMs: 1500,
      }),
    poison: () => new AppError({ code: 'RECORD_TOO_LARGE', kind: 'poison', stage: 'publish', message: 'x' }),
    fatal: () => new AppError({ code: 'BROKEN', kind: 'fatal', stage: 'process', message: canary }),
    bug: () => new TypeError(canary),
  };
  server.get<{ Params: { which: string } }>('/v1/errors/:which', { config: { public: true } }, async (request) => {
    throw errors[request.params.which]?.() ?? 'text';
  });
  const send = async (token: string, body: unknown, url = '/v1/things/1') =>
    server.inject({
      method: 'POST',
      url,
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
      body: body as object,
    });
  return { server, send, lines, telemetry };
}
const good = { a: 1, kind: 'x' };

test('the happy path: query text becomes a number, defaults apply', async () => {
  const { send } = await setUp();
  assert.deepEqual((await send('doctor', good)).json(), { n: 4 });
  assert.deepEqual((await send('nurse', good, '/v1/things/1?n=7')).json(), { n: 7 });
});

test('deny by default: a route without rules, with both, or with an unknown role cannot be registered', async () => {
  const { server } = await setUp();
  const handler = async () => 'x';
  assert.throws(() => server.get('/none', handler), /must name its roles or be public/);
  assert.throws(() => server.get('/empty', { config: { roles: [] } }, handler), /must name its roles/);
  assert.throws(() => server.get('/both', { config: { roles: ['doctor'], public: true } }, handler), /choose one/);
  assert.throws(() => server.get('/typo', { config: { roles: ['docter'] } }, handler), /unknown roles: docter/);
});

test('no token 401, bad token 401, wrong role 403, keys away 503: problems with their headers, before the body is looked at', async () => {
  const { send } = await setUp();
  const cases = [
    ['', 401, 'TOKEN_MISSING'],
    ['bad', 401, 'TOKEN_INVALID'],
    ['patient', 403, 'FORBIDDEN'],
    ['away', 503, 'KEYS_UNAVAILABLE'],
  ] as const;
  for (const [token, status, code] of cases) {
    const response = await send(token, { rubbish: canary });
    assert.equal(response.statusCode, status);
    assert.equal(response.json().code, code);
    assert.match(response.headers['content-type'] as string, /^application\/problem\+json/);
    assert.equal(response.headers['www-authenticate'] !== undefined, status === 401);
    assert.equal(response.headers['retry-after'] !== undefined, status === 503);
  }
});

test('what is wrong with the body is told by pointer, in the schema’s words, never with the value', async () => {
  const { send } = await setUp();
  const response = await send('doctor', { a: 9, kind: canary, more: canary });
  assert.equal(response.statusCode, 400);
  assert.deepEqual(
    new Set(response.json().errors.map((one: { pointer: string }) => one.pointer)),
    new Set(['/a', '/kind', '/more']),
  );
  assert.match(response.body, /must be one of x, y/);
  assert.ok(!response.body.includes(canary));
  assert.deepEqual((await send('doctor', { kind: 'x' })).json().errors, [{ pointer: '/a', message: 'is required' }]);
  assert.deepEqual((await send('doctor', good, '/v1/things/z?n=10')).json().errors, [
    { pointer: 'path/id', message: 'must be integer' },
  ]);
  assert.equal((await send('doctor', good, '/v1/things/1?n=10')).json().errors[0].pointer, '?n');
});

test('bodies that cannot be read', async () => {
  const { server } = await setUp();
  const post = (payload: string, type = 'application/json') =>
    server.inject({
      method: 'POST',
      url: '/v1/things/1',
      headers: { authorization: 'Bearer doctor', 'content-type': type },
      payload,
    });
  const codes = async (response: ReturnType<typeof post>) => [(await response).statusCode, (await response).json().code];
  assert.deepEqual(await codes(post('{"a":')), [400, 'MALFORMED_JSON']);
  assert.deepEqual(await codes(post('{"__proto__":{"x":1}}')), [400, 'MALFORMED_JSON']);
  assert.deepEqual(await codes(post('')), [400, 'MALFORMED_JSON']);
  assert.deepEqual(await codes(post('a,b', 'text/csv')), [415, 'UNSUPPORTED_MEDIA_TYPE']);
  assert.deepEqual(await codes(post(`"${'x'.repeat(3_000)}"`)), [413, 'BODY_TOO_LARGE']);
});

test('every thrown thing becomes its problem; our failures are logged once, and no foreign text leaves', async () => {
  const { server, lines } = await setUp();
  const expected: Record<string, [number, string]> = {
    own: [409, 'DUPLICATE_ORDER'],
    away: [503, 'KAFKA_UNAVAILABLE'],
    poison: [422, 'RECORD_TOO_LARGE'],
    fatal: [500, 'INTERNAL'],
    bug: [500, 'INTERNAL'],
    nothing: [500, 'INTERNAL'],
  };
  for (const [which, [status, code]] of Object.entries(expected)) {
    lines.length = 0;
    const response = await server.inject({ url: `/v1/errors/${which}` });
    assert.deepEqual([response.statusCode, response.json().code], [status, code]);
    assert.ok(!response.body.includes(canary));
    assert.equal(lines.filter((line) => line.includes('"level":"error"')).length, status === 500 ? 1 : 0);
    assert.equal(response.headers['retry-after'], status === 503 ? '2' : undefined);
  }
  assert.equal((await server.inject({ url: '/v1/errors/own' })).json().orderId, 'o1');
});

test('an unknown route is 404 and no path, query or token gets into log or metrics', async () => {
  const { server, send, lines, telemetry } = await setUp();
  const lost = await server.inject({ url: `/v1/${canary}?name=${canary}` });
  assert.deepEqual([lost.statusCode, lost.json().code], [404, 'NOT_FOUND']);
  await send('doctor', good, `/v1/things/77?who=${canary}`);
  const metrics = await telemetry.registry.metrics();
  assert.match(metrics, /clinstream_http_request_seconds_count\{route="\/v1\/things\/:id",method="POST",status="2xx"\} 1/);
  for (const text of [metrics, lines.join('')]) assert.ok(!text.includes(canary) && !text.includes('/things/77'), text);
});

test('rate limit: 429 with Retry-After, per client; refused tokens count against the address', async () => {
  const { send } = await setUp(3);
  for (let i = 0; i < 3; i++) assert.equal((await send('doctor', good)).statusCode, 202);
  const limited = await send('doctor', good);
  assert.deepEqual([limited.statusCode, limited.json().code], [429, 'RATE_LIMITED']);
  assert.ok(Number(limited.headers['retry-after']) > 0);
  assert.equal((await send('nurse', good)).statusCode, 202);
  for (let i = 0; i < 3; i++) assert.equal((await send('bad', good)).statusCode, 401);
  assert.equal((await send('bad', good)).statusCode, 429);
});

test('the API document is 3.1, names token and problems, and follows a trusted proxy only', async () => {
  const forwarded = {
    'x-forwarded-for': '10.1.1.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'h.example',
    'x-forwarded-prefix': '/clin/',
  };
  const untrusting = (await (await setUp()).server.inject({ url: '/openapi.json', headers: forwarded })).json();
  assert.equal(untrusting.openapi, '3.1.0');
  assert.deepEqual(untrusting.servers, [{ url: './' }]);
  const route = untrusting.paths['/v1/things/{id}'].post;
  assert.deepEqual(route.security, [{ token: [] }]);
  for (const status of ['202', '400', '401', '403', '409', '422', '429', '503']) assert.ok(route.responses[status], status);
  assert.ok(!JSON.stringify(Object.keys(untrusting.paths)).includes('docs'));
  const trusting = (await (await setUp(0, ['127.0.0.1'])).server.inject({ url: '/openapi.json', headers: forwarded })).json();
  assert.deepEqual(trusting.servers, [{ url: 'https://h.example/clin' }]);
});

test('the page needs nothing from elsewhere and links relatively', async () => {
  const { server } = await setUp();
  assert.equal((await server.inject({ url: '/docs' })).headers.location, 'docs/');
  const page = await server.inject({ url: '/docs/' });
  assert.ok(!/https?:\/\//.test(page.body));
  assert.match(String(page.headers['content-security-policy']), /connect-src 'self'/);
  for (const [, src = ''] of page.body.matchAll(/src="([^"]+)"/g)) {
    assert.ok(!src.startsWith('/'), src);
    assert.equal((await server.inject({ url: `/docs/${src}` })).statusCode, 200);
  }
});

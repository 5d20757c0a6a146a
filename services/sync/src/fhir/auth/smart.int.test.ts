/**
 * SMART Backend Services against a token endpoint that judges assertions with jose and refuses what a real one refuses: other audiences, a life of
 * more than five minutes, a jti it has seen, keys that are not in our published JWKS.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { createSilentTelemetry } from '@clinstream/runtime/telemetry';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { createFhirConnection, type FhirConnection, jwksPath } from '../connection.ts';
import { configOf } from '../testing/harness.ts';

const clientId = 'clinstream-backend';
const dir = mkdtempSync(join(tmpdir(), 'clinstream-smart-'));
const keyFile = join(dir, 'key.pem');
writeFileSync(keyFile, generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' }));

let server: Server;
let origin: string;
let connection: FhirConnection;
let now = Date.now();
const published = new Map<string, () => object>();
const world = {
  issued: 0,
  refused: [] as string[],
  seen: new Set<string>(),
  /** Tokens the FHIR server takes; null: any that was issued. */
  accepted: null as string | null,
  tokenStatus: 200,
  tokenDelayMs: 0,
  expiresIn: 300,
  configuration: {} as Record<string, unknown>,
};

async function judge(form: URLSearchParams): Promise<string | null> {
  const jwks = published.get(jwksPath)?.() as JSONWebKeySet;
  const { payload } = await jwtVerify(form.get('client_assertion') ?? '', createLocalJWKSet(jwks), {
    audience: `${origin}/token`,
    issuer: clientId,
    subject: clientId,
    algorithms: ['RS384', 'ES384'],
    currentDate: new Date(now),
  });
  if ((payload.exp ?? Number.POSITIVE_INFINITY) - now / 1_000 > 300) return 'lives too long';
  if (!payload.jti || world.seen.has(payload.jti)) return 'a replayed jti';
  world.seen.add(payload.jti);
  if (form.get('grant_type') !== 'client_credentials') return 'another grant';
  return form.get('scope') === 'system/Observation.cu' ? null : 'other scopes';
}

async function token(text: string): Promise<{ status: number; body: object }> {
  if (world.tokenDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, world.tokenDelayMs));
  if (world.tokenStatus !== 200) return { status: world.tokenStatus, body: {} };
  const problem = await judge(new URLSearchParams(text)).catch((error: Error) => error.message);
  if (problem !== null) {
    world.refused.push(problem);
    return { status: 400, body: { error: 'invalid_client' } };
  }
  world.issued += 1;
  return { status: 200, body: { access_token: `token-${world.issued}`, token_type: 'Bearer', expires_in: world.expiresIn } };
}

before(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const send = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
    if (request.url === '/fhir/.well-known/smart-configuration') return send(200, world.configuration);
    if (request.url === '/token') {
      const { status, body } = await token(Buffer.concat(chunks).toString());
      return send(status, body);
    }
    const bearer = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const isAccepted = world.accepted === null ? bearer.startsWith('token-') : bearer === world.accepted;
    send(isAccepted ? 200 : 401, {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true });
});
beforeEach(async () => {
  Object.assign(world, { issued: 0, refused: [], accepted: null, tokenStatus: 200, tokenDelayMs: 0, expiresIn: 300 });
  world.seen.clear();
  world.configuration = { token_endpoint: `${origin}/token`, token_endpoint_auth_methods_supported: ['private_key_jwt'] };
  now = Date.now();
  connection = createFhirConnection(
    configOf(`${origin}/fhir`, { auth: { kind: 'smart', clientId, privateKeyFile: keyFile, scopes: 'system/Observation.cu' } }),
    {
      telemetry: createSilentTelemetry({ now: () => now }),
      publishOnOps: (path, document) => void published.set(path, document),
    },
  );
  await connection.open();
});
afterEach(async () => await connection.close());

const ask = () => connection.client.send({ method: 'GET', path: 'Observation/x', signal: new AbortController().signal });

test('1.11 discovers, proves itself with the published key, and keeps the token to 90 % of its life', async () => {
  assert.equal((await ask()).status, 200);
  now += 269_000;
  await ask();
  assert.equal(world.issued, 1);
  now += 1_001;
  await ask();
  assert.deepEqual([world.issued, world.refused], [2, []]);
});

test('forty requests at once fetch one token', async () => {
  world.tokenDelayMs = 30;
  const replies = await Promise.all(Array.from({ length: 40 }, ask));
  assert.ok(replies.every(({ status }) => status === 200));
  assert.equal(world.issued, 1);
});

test('a 401 renews exactly once: a withdrawn token is replaced, a second 401 is the server’s last word', async () => {
  await ask();
  world.accepted = 'token-2';
  assert.equal((await ask()).status, 200);
  assert.equal(world.issued, 2);
  world.accepted = 'none';
  await assert.rejects(ask(), { code: 'FHIR_UNAUTHORIZED', scope: 'dependency' });
  assert.equal(world.issued, 3);
});

test('many 401s at once renew once', async () => {
  await ask();
  world.accepted = 'token-2';
  world.tokenDelayMs = 30;
  const replies = await Promise.all(Array.from({ length: 20 }, ask));
  assert.ok(replies.every(({ status }) => status === 200));
  assert.equal(world.issued, 2);
});

test('a token endpoint that fails twice, then serves: each caller tries anew, with a fresh jti', async () => {
  for (const status of [500, 503]) {
    world.tokenStatus = status;
    await assert.rejects(ask(), { code: 'FHIR_TOKEN_UNAVAILABLE', scope: 'dependency' });
  }
  world.tokenStatus = 200;
  assert.equal((await ask()).status, 200);
  assert.deepEqual(world.refused, []);
});

test('a refusal says so, and an unusable configuration too', async () => {
  world.tokenStatus = 401;
  await assert.rejects(ask(), { code: 'FHIR_TOKEN_REFUSED', scope: 'dependency' });
  const wrong: readonly Record<string, unknown>[] = [
    {},
    { token_endpoint: 'ftp://x/token' },
    { token_endpoint: `http://user:pw@${new URL(origin).host}/token` },
    { token_endpoint: `${origin}/token`, token_endpoint_auth_methods_supported: ['client_secret_basic'] },
    { token_endpoint: `${origin}/token`, token_endpoint_auth_signing_alg_values_supported: ['RS384'] },
  ];
  for (const configuration of wrong) {
    world.configuration = configuration;
    await assert.rejects(ask(), { code: 'FHIR_DISCOVERY_FAILED', scope: 'dependency' }, JSON.stringify(configuration));
  }
});

test('one caller that leaves does not end the fetch of the others', async () => {
  world.tokenDelayMs = 50;
  const leaving = new AbortController();
  const left = connection.client.send({ method: 'GET', path: 'Observation/x', signal: leaving.signal });
  const staying = ask();
  leaving.abort();
  await assert.rejects(left, { code: 'FHIR_STOPPING' });
  assert.equal((await staying).status, 200);
});

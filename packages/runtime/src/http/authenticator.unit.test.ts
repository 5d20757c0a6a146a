import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createSilentTelemetry } from '../telemetry/telemetry.ts';
import { createJwtAuthenticator } from './authenticator.ts';
import { createKeySet } from './keys.ts';
import { ProblemError } from './problem.ts';

const config = { jwks: { kind: 'file', path: '' }, issuer: 'iss', audience: 'aud' } as const;
const startAt = 1_800_000_000_000;

async function createKey(kid: string, alg: 'RS256' | 'ES256' = 'ES256') {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}
type Key = Awaited<ReturnType<typeof createKey>>;

const sign = (key: Key, claims: Record<string, unknown> = {}) =>
  new SignJWT({ sub: 'u1', roles: ['doctor'], iss: 'iss', aud: 'aud', exp: startAt / 1_000 + 3_600, ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .sign(key.privateKey);

/** A source whose keys, failures and clock the test sets. */
function setUp(...keys: readonly Key[]) {
  const source = { keys: [...keys], failures: 0, reads: 0 };
  const time = { now: startAt };
  const clock = { now: () => time.now };
  const keySet = createKeySet(config.jwks, clock, async () => {
    source.reads++;
    if (source.failures-- > 0) throw new Error('source away');
    return { keys: source.keys.map((key) => key.jwk) };
  });
  const authenticator = createJwtAuthenticator(config, createSilentTelemetry(clock), keySet);
  const codeOf = (token: string) =>
    authenticator.authenticate(token).then(
      (principal) => `ok ${principal.client} ${principal.roles}`,
      (error: unknown) => (error instanceof ProblemError ? `${error.problem.status} ${error.problem.code}` : String(error)),
    );
  return { source, time, authenticator, codeOf };
}

test('RS256 and ES256 tokens are accepted; client falls back to the subject; odd role claims give no roles', async () => {
  const [rsa, ec] = await Promise.all([createKey('r', 'RS256'), createKey('e')]);
  const { codeOf } = setUp(rsa, ec);
  assert.equal(await codeOf(await sign(rsa)), 'ok u1 doctor');
  assert.equal(await codeOf(await sign(ec, { client: 'lis', roles: ['nurse', 7] })), 'ok lis nurse');
  assert.equal(await codeOf(await sign(ec, { roles: 'admin' })), 'ok u1 ');
});

test('wrong issuer, audience, key, time or claims are 401', async () => {
  const [key, other] = await Promise.all([createKey('k'), createKey('k')]);
  const { codeOf } = setUp(key);
  const bad = [{ iss: 'x' }, { aud: 'x' }, { sub: undefined }, { sub: '' }, { exp: undefined }, { nbf: startAt / 1_000 + 600 }];
  for (const claims of bad) assert.equal(await codeOf(await sign(key, claims)), '401 TOKEN_INVALID', JSON.stringify(claims));
  assert.equal(await codeOf(await sign(key, { exp: startAt / 1_000 - 60 })), '401 TOKEN_EXPIRED');
  assert.equal(await codeOf(await sign(other)), '401 TOKEN_INVALID');
  for (const token of ['x', 'a.b.c', 'x'.repeat(9_000)]) assert.equal(await codeOf(token), '401 TOKEN_INVALID');
});

test('unsigned and symmetric tokens are refused', async () => {
  const { codeOf } = setUp(await createKey('k'));
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = part({ sub: 'u', iss: 'iss', aud: 'aud', exp: startAt / 1_000 + 60, roles: ['admin'] });
  assert.equal(await codeOf(`${part({ alg: 'none' })}.${claims}.`), '401 TOKEN_INVALID');
  const hmac = await new SignJWT({ sub: 'u' }).setProtectedHeader({ alg: 'HS256', kid: 'k' }).sign(new Uint8Array(32));
  assert.equal(await codeOf(hmac), '401 TOKEN_INVALID');
});

test('a remembered token still expires on time', async () => {
  const key = await createKey('k');
  const { codeOf, time } = setUp(key);
  const token = await sign(key, { exp: startAt / 1_000 + 30 });
  assert.equal(await codeOf(token), 'ok u1 doctor');
  time.now += 36_000;
  assert.equal(await codeOf(token), '401 TOKEN_EXPIRED');
});

test('the key source fails N-1 times, then answers: 503 until then', async () => {
  const key = await createKey('k');
  const { codeOf, source, time, authenticator } = setUp(key);
  source.failures = 2;
  const token = await sign(key);
  assert.equal(await codeOf(token), '503 KEYS_UNAVAILABLE');
  assert.equal(authenticator.readiness().ready, false);
  assert.equal(await codeOf(token), '503 KEYS_UNAVAILABLE');
  assert.equal(source.reads, 1, 'a source that was just away is not asked for every request');
  time.now += 11_000;
  assert.equal(await codeOf(token), '503 KEYS_UNAVAILABLE');
  time.now += 11_000;
  assert.equal(await codeOf(token), 'ok u1 doctor');
  assert.equal(authenticator.readiness().ready, true);
});

test('a new key is found without a restart, an unknown one does not hammer the source', async () => {
  const [first, second, unknown] = await Promise.all([createKey('1'), createKey('2'), createKey('3')]);
  const { codeOf, source, time } = setUp(first);
  assert.equal(await codeOf(await sign(first)), 'ok u1 doctor');
  source.keys.push(second);
  time.now += 11_000;
  assert.equal(await codeOf(await sign(second)), 'ok u1 doctor');
  const reads = source.reads;
  const forged = await sign(unknown);
  for (let i = 0; i < 5; i++) assert.equal(await codeOf(forged), '401 TOKEN_INVALID');
  assert.ok(source.reads - reads <= 1);
});

test('keys outlive their source for an hour, not longer', async () => {
  const key = await createKey('k');
  const { codeOf, source, time } = setUp(key);
  const token = () => sign(key, { exp: time.now / 1_000 + 600 });
  assert.equal(await codeOf(await token()), 'ok u1 doctor');
  source.failures = Number.POSITIVE_INFINITY;
  time.now += 3_500_000;
  assert.equal(await codeOf(await token()), 'ok u1 doctor');
  time.now += 200_000;
  assert.equal(await codeOf(await token()), '503 KEYS_UNAVAILABLE');
});

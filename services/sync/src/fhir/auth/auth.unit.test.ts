/** Tokens and assertions: how long a token is kept, who fetches it, and what an assertion claims (judged by jose, not by us). */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createSecret } from '@clinstream/runtime/config';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { isFhirError } from '../errors.ts';
import { basic, bearer } from './authorizer.ts';
import { readClientKey } from './client-key.ts';
import { createTokenCache } from './token-cache.ts';

const fakeClock = () => {
  let now = 1_000_000;
  return { now: () => now, pass: (ms: number) => (now += ms) };
};

test('1.11 a token is kept for 90 % of its life and not longer', async () => {
  const clock = fakeClock();
  let fetched = 0;
  const cache = createTokenCache(async () => ({ value: `t${++fetched}`, lifeMs: 300_000 }), clock);
  assert.equal(await cache.get(), 't1');
  clock.pass(269_999);
  assert.equal(await cache.get(), 't1');
  clock.pass(1);
  assert.equal(await cache.get(), 't2');
});

test('its life counts from before it was asked for', async () => {
  const clock = fakeClock();
  let fetched = 0;
  const slowly = async () => {
    clock.pass(60_000);
    return { value: `t${++fetched}`, lifeMs: 100_000 };
  };
  const cache = createTokenCache(slowly, clock);
  await cache.get();
  clock.pass(30_000);
  assert.equal(await cache.get(), 't2');
});

test('however many ask, one fetch is in flight', async () => {
  const gate = Promise.withResolvers<void>();
  let fetched = 0;
  const fetch = async () => {
    await gate.promise;
    return { value: `t${++fetched}`, lifeMs: 1_000 };
  };
  const cache = createTokenCache(fetch, fakeClock());
  const asking = Array.from({ length: 50 }, () => cache.get());
  gate.resolve();
  assert.deepEqual(new Set(await Promise.all(asking)), new Set(['t1']));
});

test('a failed fetch is told to all who waited and not kept: two failures, then a token', async () => {
  let tries = 0;
  const fetch = async () => {
    if (++tries < 3) throw new Error('away');
    return { value: 'good', lifeMs: 1_000 };
  };
  const cache = createTokenCache(fetch, fakeClock());
  await assert.rejects(cache.get());
  await assert.rejects(cache.get());
  assert.equal(await cache.get(), 'good');
  assert.equal(tries, 3);
});

test('only the token that was refused is dropped, not the one that replaced it', async () => {
  let fetched = 0;
  const cache = createTokenCache(async () => ({ value: `t${++fetched}`, lifeMs: 1_000 }), fakeClock());
  const first = await cache.get();
  cache.drop(first);
  assert.equal(await cache.get(), 't2');
  cache.drop(first);
  assert.equal(await cache.get(), 't2');
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const pem = (key: typeof rsa): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const tokenUrl = 'https://login.example/token';

for (const [algorithm, key] of [
  ['RS384', rsa],
  ['ES384', ec],
] as const) {
  test(`an assertion signed ${algorithm} is what SMART Backend Services asks for`, async () => {
    const own = await readClientKey(pem(key));
    const now = Date.now();
    const first = await own.assert({ clientId: 'clinstream-1', tokenUrl, now });
    const { payload, protectedHeader } = await jwtVerify(first, createLocalJWKSet({ keys: [...own.jwks.keys] }), {
      issuer: 'clinstream-1',
      subject: 'clinstream-1',
      audience: tokenUrl,
      algorithms: [algorithm],
    });
    assert.equal(protectedHeader.kid, own.keyId);
    assert.equal(protectedHeader.typ, 'JWT');
    const life = (payload.exp ?? 0) - Math.floor(now / 1_000);
    assert.ok(life > 0 && life <= 300, `${life} s`);
    const second = await jwtVerify(await own.assert({ clientId: 'clinstream-1', tokenUrl, now }), createPublicKey(key));
    assert.ok(payload.jti && payload.jti !== second.payload.jti);
  });
}

test('the published keys hold nothing private and the key id of a JWK is kept', async () => {
  const jwk = { ...rsa.export({ format: 'jwk' }), kid: 'of-2026' };
  const { jwks, keyId } = await readClientKey(JSON.stringify(jwk));
  assert.equal(keyId, 'of-2026');
  const [published] = jwks.keys;
  for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(published && !(secret in published), secret);
  assert.deepEqual([published?.kid, published?.alg, published?.use], ['of-2026', 'RS384', 'sig']);
});

test('another key, or none, is fatal and never quoted', async () => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  for (const text of ['', 'hunter2', '{"kty":"oct","k":"aHVudGVyMg"}', '{', pem(p256), pem(short)]) {
    await assert.rejects(readClientKey(text), (error: Error) => {
      assert.ok(isFhirError(error, 'FHIR_KEY_INVALID'));
      return error.cause === undefined;
    });
  }
});

test('basic and bearer headers', async () => {
  const { signal } = new AbortController();
  assert.equal(await basic('clin', createSecret('pass:wörd')).authorization(signal), 'Basic Y2xpbjpwYXNzOnfDtnJk');
  assert.equal(await bearer(createSecret('abc')).authorization(signal), 'Bearer abc');
  assert.equal(bearer(createSecret('abc')).forget('Bearer abc'), false);
});

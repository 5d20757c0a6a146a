import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { audience, ensureKeys, issuer, signToken } from './tokens.ts';

const dir = mkdtempSync(join(tmpdir(), 'clinstream-keys-'));
after(() => rmSync(dir, { recursive: true, force: true }));

test('a token verifies against the published keys, which do not change and hold nothing private', async () => {
  const file = await ensureKeys(dir);
  const published = readFileSync(file, 'utf8');
  assert.equal(await ensureKeys(dir), file);
  assert.equal(readFileSync(file, 'utf8'), published);
  assert.equal(JSON.parse(published).keys[0].d, undefined);
  assert.equal(statSync(join(dir, 'private-key.json')).mode & 0o077, 0);
  const token = await signToken({ dir, roles: ['doctor', 'admin'], client: 'his' });
  const { payload } = await jwtVerify(token, createLocalJWKSet(JSON.parse(published)), { issuer, audience });
  assert.deepEqual([payload['roles'], payload['client'], payload.sub], [['doctor', 'admin'], 'his', 'local-doctor']);
});

test('an expired token can be had, for those who must refuse it', async () => {
  const keys = createLocalJWKSet(JSON.parse(readFileSync(await ensureKeys(dir), 'utf8')));
  const token = await signToken({ dir, roles: ['nurse'], expiresIn: '-1m' });
  await assert.rejects(jwtVerify(token, keys, { issuer, audience }), /exp/);
});

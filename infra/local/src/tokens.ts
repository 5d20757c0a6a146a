/**
 * The local stack's own issuer of tokens: an RS256 key pair in the data folder and the JWKS file services check with. Not for production, where
 * JWT_JWKS_URL names a real identity provider.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';

export const issuer = 'clinstream-local';
export const audience = 'clinstream';
export const roles = ['doctor', 'nurse', 'lab', 'radiologist', 'staff', 'admin', 'system', 'patient'] as const;
export type Role = (typeof roles)[number];

export const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text);

const keyFileOf = (dir: string): string => join(dir, 'private-key.json');
export const jwksFileOf = (dir: string): string => join(dir, 'jwks.json');

/** Makes the key pair once per folder; the private key is readable by its owner only. Returns the path of the JWKS file. */
export async function ensureKeys(dir: string): Promise<string> {
  const jwksFile = jwksFileOf(dir);
  if (existsSync(keyFileOf(dir)) && existsSync(jwksFile)) return jwksFile;
  mkdirSync(dir, { recursive: true });
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  writeFileSync(`${keyFileOf(dir)}.new`, JSON.stringify({ ...(await exportJWK(privateKey)), kid }), { mode: 0o600 });
  renameSync(`${keyFileOf(dir)}.new`, keyFileOf(dir));
  writeFileSync(jwksFile, JSON.stringify({ keys: [{ ...publicJwk, kid, alg: 'RS256', use: 'sig' }] }, null, 2));
  return jwksFile;
}

export type TokenOptions = {
  /** Folder `ensureKeys` filled. */
  readonly dir: string;
  readonly roles: readonly Role[];
  /** Who asks; default the first role. */
  readonly subject?: string;
  /** Client id for idempotency; default the subject. */
  readonly client?: string;
  /** Further claims, such as the patient key a patient may see. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** jose's words: `12h`, `-1s`. Default 12h. */
  readonly expiresIn?: string;
};

/** Throws when the folder holds no keys. */
export async function signToken({ dir, roles: granted, subject, client, claims, expiresIn }: TokenOptions): Promise<string> {
  const jwk = JSON.parse(readFileSync(keyFileOf(dir), 'utf8')) as JWK;
  const sub = subject ?? `local-${granted[0] ?? 'nobody'}`;
  return await new SignJWT({ roles: [...granted], client: client ?? sub, ...claims })
    .setProtectedHeader({ alg: 'RS256', ...(jwk.kid ? { kid: jwk.kid } : {}) })
    .setSubject(sub)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(expiresIn ?? '12h')
    .sign(await importJWK(jwk, 'RS256'));
}

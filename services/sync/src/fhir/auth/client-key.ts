/**
 * The private key we sign with (SMART Backend Services, private_key_jwt) and its public half for our JWKS.
 * RSA signs RS384, EC P-384 signs ES384; anything else is refused. The key id is the JWK's own or its RFC 7638 thumbprint.
 */
import { createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, type JWK, SignJWT } from 'jose';
import { fhirError } from '../errors.ts';

export type SigningAlgorithm = 'RS384' | 'ES384';

export type ClientKey = {
  readonly algorithm: SigningAlgorithm;
  readonly keyId: string;
  /** What the authorisation server must know of us. */
  readonly jwks: { readonly keys: readonly JWK[] };
  /** A new assertion, good once: its jti is fresh. */
  assert(claims: { readonly clientId: string; readonly tokenUrl: string; readonly now: number }): Promise<string>;
};

/** Servers refuse more than five minutes; less than that leaves room for clocks that differ. */
const assertionSeconds = 240;

/** `text` is a private JWK or a PKCS#8 PEM. Rejects with FHIR_KEY_INVALID (fatal), without any of the text. */
export async function readClientKey(text: string): Promise<ClientKey> {
  const { key, keyId } = openKey(text);
  const algorithm = algorithmOf(key);
  const publicJwk = await exportJWK(createPublicKey(key));
  const kid = keyId ?? (await calculateJwkThumbprint(publicJwk));
  return {
    algorithm,
    keyId: kid,
    jwks: { keys: [{ ...publicJwk, kid, alg: algorithm, use: 'sig', key_ops: ['verify'] }] },
    assert: ({ clientId, tokenUrl, now }) => {
      const seconds = Math.floor(now / 1_000);
      return new SignJWT({})
        .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(tokenUrl)
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + assertionSeconds)
        .setJti(randomUUID())
        .sign(key);
    },
  };
}

function openKey(text: string): { readonly key: KeyObject; readonly keyId: string | null } {
  try {
    if (!text.trimStart().startsWith('{')) return { key: createPrivateKey(text), keyId: null };
    const jwk = JSON.parse(text) as JWK;
    return { key: createPrivateKey({ key: jwk as never, format: 'jwk' }), keyId: typeof jwk.kid === 'string' ? jwk.kid : null };
  } catch {
    // Not even as a cause: OpenSSL and JSON errors may quote what they could not read.
    throw fhirError('FHIR_KEY_INVALID');
  }
}

function algorithmOf(key: KeyObject): SigningAlgorithm {
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return 'RS384';
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'secp384r1') return 'ES384';
  throw fhirError('FHIR_KEY_INVALID');
}

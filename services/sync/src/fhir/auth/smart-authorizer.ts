/**
 * SMART Backend Services: finds the token endpoint by discovery, proves who we are by a signed assertion, and keeps the token (token-cache.ts).
 * Every failure is the dependency's: FHIR_DISCOVERY_FAILED, FHIR_TOKEN_UNAVAILABLE, FHIR_TOKEN_REFUSED. Discovery is asked again for every token:
 * a token lives minutes, and an endpoint that moved must not need a restart.
 */
import type { Clock } from '@clinstream/runtime/lifecycle';
import { fhirError, isFhirError } from '../errors.ts';
import type { Http, HttpReply } from '../http.ts';
import { type JsonRecord, parseObject, textIn } from '../json.ts';
import type { Authorizer } from './authorizer.ts';
import type { ClientKey } from './client-key.ts';
import { createTokenCache, type Token } from './token-cache.ts';

export type SmartOptions = {
  readonly baseUrl: string;
  readonly clientId: string;
  readonly scopes: string;
  readonly key: ClientKey;
  readonly http: Http;
  readonly clock: Clock;
};

export function createSmartAuthorizer(options: SmartOptions): Authorizer {
  const cache = createTokenCache(() => fetchToken(options), options.clock);
  return {
    authorization: async (signal) => `Bearer ${await unlessAborted(cache.get(), signal)}`,
    forget: (authorization) => {
      cache.drop(authorization.slice('Bearer '.length));
      return true;
    },
  };
}

/** The fetch is shared: one caller that leaves must not end it for the others. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const left = Promise.withResolvers<never>();
  const leave = () => left.reject(fhirError('FHIR_STOPPING'));
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([work, left.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
    work.catch(() => {});
    left.promise.catch(() => {});
  }
}

async function fetchToken(options: SmartOptions): Promise<Token> {
  const tokenUrl = await discoverTokenUrl(options);
  const assertion = await options.key.assert({ clientId: options.clientId, tokenUrl, now: options.clock.now() });
  const reply = await options.http
    .exchange({
      method: 'POST',
      url: tokenUrl,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: options.scopes,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }).toString(),
      signal: neverAborted,
    })
    .catch((cause: unknown) => {
      throw fhirError('FHIR_TOKEN_UNAVAILABLE', { cause });
    });
  return readToken(reply);
}

const neverAborted = new AbortController().signal;

function readToken(reply: HttpReply): Token {
  if (reply.status >= 400 && reply.status < 500 && reply.status !== 429) throw fhirError('FHIR_TOKEN_REFUSED');
  const body = reply.status === 200 ? parseObject(reply.text) : null;
  const value = textIn(body, 'access_token');
  const isBearer = textIn(body, 'token_type')?.toLowerCase() === 'bearer';
  // A header cannot carry other characters, and a log must not.
  if (value === null || !isBearer || !/^[\x21-\x7e]+$/.test(value)) throw fhirError('FHIR_TOKEN_UNAVAILABLE');
  const seconds = Number(body?.['expires_in']);
  return { value, lifeMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 300_000 };
}

async function discoverTokenUrl({ baseUrl, http, key }: SmartOptions): Promise<string> {
  try {
    const reply = await http.exchange({
      method: 'GET',
      url: `${baseUrl}/.well-known/smart-configuration`,
      headers: { accept: 'application/json' },
      signal: neverAborted,
    });
    const document = reply.status === 200 ? parseObject(reply.text) : null;
    const tokenUrl = textIn(document, 'token_endpoint');
    if (document === null || tokenUrl === null || !isUsable(tokenUrl, baseUrl) || !takesOurs(document, key.algorithm))
      throw fhirError('FHIR_DISCOVERY_FAILED');
    return tokenUrl;
  } catch (cause) {
    if (isFhirError(cause, 'FHIR_DISCOVERY_FAILED')) throw cause;
    throw fhirError('FHIR_DISCOVERY_FAILED', { cause });
  }
}

/** A server reached by TLS cannot send our assertion over the open wire. */
function isUsable(tokenUrl: string, baseUrl: string): boolean {
  if (!URL.canParse(tokenUrl)) return false;
  const { protocol, username, password } = new URL(tokenUrl);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && baseUrl.startsWith('http:'));
}

/** Lists are optional in the document; a list that is there and leaves us out is a refusal. */
function takesOurs(document: JsonRecord, algorithm: string): boolean {
  const admits = (field: string, value: string): boolean => {
    const list = document[field];
    return !Array.isArray(list) || list.includes(value);
  };
  return (
    admits('token_endpoint_auth_methods_supported', 'private_key_jwt') &&
    admits('token_endpoint_auth_signing_alg_values_supported', algorithm)
  );
}

/**
 * Speaks FHIR JSON over HTTP to one server: authorised, bounded, one renewal after a 401, never a redirect to elsewhere.
 * `send` resolves with any reply the server gave except these, which are the server's state and no answer to the request:
 * 401 (after one renewal) and 403 reject with FHIR_UNAUTHORIZED, 429 and 503 with FHIR_BUSY and the server's Retry-After, 502 and 504 with FHIR_SERVER_ERROR.
 * Transport errors as in http.ts. Errors never carry what the server said.
 */
import type { Clock } from '@clinstream/runtime/lifecycle';
import type { Authorizer } from './auth/authorizer.ts';
import { fhirError } from './errors.ts';
import type { Http, HttpReply } from './http.ts';
import { type JsonRecord, parseObject } from './json.ts';
import { parseRetryAfter } from './retry-after.ts';

export type FhirRequest = {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Relative to the base; empty for the base itself; or a whole URL on the same server (a `next` link). */
  readonly path: string;
  readonly body?: object;
  /** Versions are wanted back, no contents. */
  readonly minimal?: boolean;
  /** A search of which no second page will be asked for: the server need not keep what it found. */
  readonly onePage?: boolean;
  readonly signal: AbortSignal;
};

export type FhirReply = {
  readonly status: number;
  readonly etag: string | null;
  /** The JSON object it carried; null when there was none, or it was too long or no JSON object. */
  readonly resource: JsonRecord | null;
};

export type FhirClient = {
  readonly baseUrl: string;
  send(request: FhirRequest): Promise<FhirReply>;
};

export type FhirClientOptions = {
  readonly baseUrl: string;
  readonly http: Http;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
};

const mediaType = 'application/fhir+json';

export function createFhirClient({ baseUrl, http, authorizer, clock }: FhirClientOptions): FhirClient {
  async function exchange(request: FhirRequest, authorization: string | null): Promise<HttpReply> {
    return await http.exchange({
      method: request.method,
      url: urlOf(baseUrl, request.path),
      headers: {
        accept: mediaType,
        // Some servers answer a repeated search from a cache of a minute's age.
        ...(request.method === 'GET' ? { 'cache-control': request.onePage ? 'no-cache, no-store' : 'no-cache' } : {}),
        ...(request.body ? { 'content-type': mediaType } : {}),
        ...(request.minimal ? { prefer: 'return=minimal' } : {}),
        ...(authorization === null ? {} : { authorization }),
      },
      ...(request.body ? { body: JSON.stringify(request.body) } : {}),
      signal: request.signal,
    });
  }

  /** A 401 means the request had no effect: sending it once more with a new token is safe. */
  async function exchangeAuthorized(request: FhirRequest): Promise<HttpReply> {
    const authorization = await authorizer.authorization(request.signal);
    const reply = await exchange(request, authorization);
    if (reply.status !== 401 || authorization === null || !authorizer.forget(authorization)) return reply;
    return await exchange(request, await authorizer.authorization(request.signal));
  }

  return {
    baseUrl,
    send: async (request) => {
      const reply = await exchangeAuthorized(request);
      refuseServerState(reply, clock.now());
      return { status: reply.status, etag: reply.header('etag'), resource: parseObject(reply.text) };
    },
  };
}

function urlOf(baseUrl: string, path: string): string {
  if (path === '') return baseUrl;
  return URL.canParse(path) ? path : `${baseUrl}/${path}`;
}

function refuseServerState(reply: HttpReply, now: number): void {
  switch (reply.status) {
    case 401:
    case 403:
      throw fhirError('FHIR_UNAUTHORIZED');
    case 429:
    case 503: {
      const retryAfterMs = parseRetryAfter(reply.header('retry-after'), now);
      throw fhirError('FHIR_BUSY', retryAfterMs === null ? {} : { retryAfterMs });
    }
    case 502:
    case 504:
      throw fhirError('FHIR_SERVER_ERROR');
  }
}

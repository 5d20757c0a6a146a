/**
 * One request to the laboratory system, and what came back as it stands: the status and, where it is JSON, the body. Nothing is followed and
 * nothing repeated; an answer over `maxAnswerBytes` is not read to its end.
 *
 * Rejects where the answer says nothing about the request. LIS_UNAVAILABLE: no connection, or 502, 503, 504. LIS_BUSY: 429, or 503 that says until when.
 * LIS_UNAUTHORIZED: 401, 403. LIS_REQUEST_UNANSWERED: a connection was made and no whole answer came: what happened is unknown.
 */

import type { Secret } from '@clinstream/runtime/config';
import { AppError, classify } from '@clinstream/runtime/errors';
import { Agent, type Dispatcher } from 'undici';
import { lisRestError } from './errors.ts';

export type LisRequest = {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** From the root of the laboratory system, query included. */
  readonly path: string;
  readonly body?: object;
  readonly idempotencyKey?: string;
};
/** `body` undefined: there is none, or it is not JSON. */
export type LisAnswer = { readonly status: number; readonly body: unknown };

export type LisHttpOptions = {
  readonly url: string;
  readonly token: Secret | null;
  readonly timeoutMs: number;
  readonly connections: number;
};
export type LisHttp = {
  send(request: LisRequest, signal: AbortSignal): Promise<LisAnswer>;
  close(): Promise<void>;
};

const maxAnswerBytes = 1024 * 1024;
/** Longer than any outage we would sleep through: a wait is bounded by us, not by them. */
const maxRetryAfterMs = 15 * 60_000;

export function createLisHttp({ url, token, timeoutMs, connections }: LisHttpOptions): LisHttp {
  const base = new URL(url);
  const root = base.pathname.replace(/\/$/, '');
  const agent = new Agent({
    connections,
    connect: { timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxAnswerBytes,
  });
  const authorization = token === null ? {} : { authorization: `Token ${token.reveal()}` };
  const headersOf = ({ body, idempotencyKey }: LisRequest): Record<string, string> => ({
    accept: 'application/json',
    ...authorization,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  });

  async function exchange(request: LisRequest, signal: AbortSignal): Promise<LisAnswer & { readonly retryAfter: unknown }> {
    const body = request.body === undefined ? null : JSON.stringify(request.body);
    const path = `${root}${request.path}`;
    const options: Dispatcher.RequestOptions = {
      origin: base.origin,
      path,
      method: request.method,
      headers: headersOf(request),
      body,
    };
    // One limit for the whole exchange: a peer that sends a byte a second is no peer.
    const response = await agent.request({ ...options, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
    const text = await response.body.text();
    return { status: response.statusCode, body: jsonOrNothing(text), retryAfter: response.headers['retry-after'] };
  }

  return {
    async send(request, signal) {
      try {
        const { status, body, retryAfter } = await exchange(request, signal);
        refuseUnavailable(status, retryAfter);
        return { status, body };
      } catch (error) {
        throw error instanceof AppError ? error : transportError(error);
      }
    },
    close: () => agent.destroy(),
  };
}

function refuseUnavailable(status: number, retryAfter: unknown): void {
  const retryAfterMs = retryAfterOf(retryAfter);
  const wait = retryAfterMs === null ? {} : { retryAfterMs };
  if (status === 429 || (status === 503 && retryAfterMs !== null)) throw lisRestError('LIS_BUSY', wait);
  if (status === 502 || status === 503 || status === 504) throw lisRestError('LIS_UNAVAILABLE', wait);
  if (status === 401 || status === 403) throw lisRestError('LIS_UNAUTHORIZED');
}

/** Seconds, or a date; null when it is neither. */
export function retryAfterOf(header: unknown, now: number = Date.now()): number | null {
  if (typeof header !== 'string') return null;
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), maxRetryAfterMs);
}

/** Before there was a connection nothing can have happened; after that nobody knows. */
function transportError(error: unknown): AppError {
  return lisRestError(isConnectTrouble(error) ? 'LIS_UNAVAILABLE' : 'LIS_REQUEST_UNANSWERED', {
    cause: classify(error, 'outbound'),
  });
}

const connectCodes: ReadonlySet<string> = new Set([
  ...[
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EHOSTDOWN',
    'ENETDOWN',
    'UND_ERR_CONNECT_TIMEOUT',
  ],
]);
const isConnectTrouble = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && connectCodes.has(String((error as { code?: unknown }).code));

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

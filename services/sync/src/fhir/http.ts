/**
 * One HTTP exchange: bounded in time and size, no redirects followed, connections kept. Knows neither FHIR nor tokens.
 * A reply of any status resolves. Rejects with FHIR_UNREACHABLE when certainly nothing was sent, FHIR_STOPPING when the caller's signal aborted,
 * FHIR_REPLY_LOST when the request may have taken effect. Errors carry neither URLs (they may hold identifiers) nor bodies.
 */
import { Agent, type Dispatcher } from 'undici';
import { fhirError } from './errors.ts';

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
};

export type HttpReply = {
  readonly status: number;
  header(name: string): string | null;
  /** Null: longer than allowed. */
  readonly text: string | null;
};

export type Http = { exchange(request: HttpRequest): Promise<HttpReply>; close(): Promise<void> };

export type HttpOptions = { readonly timeoutMs: number; readonly connections: number; readonly maxReplyBytes: number };

export function createHttp({ timeoutMs, connections, maxReplyBytes }: HttpOptions): Http {
  const agent = new Agent({
    connections,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    connect: { timeout: Math.min(5_000, timeoutMs) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return {
    exchange: async (request) => {
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const { origin, pathname, search } = new URL(request.url);
        const reply = await agent.request({
          origin,
          path: `${pathname}${search}`,
          method: request.method,
          headers: request.headers,
          body: request.body ?? null,
          signal,
        });
        const text = await readBounded(reply.body, maxReplyBytes);
        return { status: reply.statusCode, header: (name) => headerOf(reply.headers, name), text };
      } catch (error) {
        throw transportError(error, request.signal);
      }
    },
    close: () => agent.destroy(),
  };
}

function headerOf(headers: Dispatcher.ResponseData['headers'], name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** Leaving the loop destroys the stream, and with it a connection that would go on for ever. */
async function readBounded(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Codes of failures before the first byte of a request could leave. */
const beforeSending: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN'],
  ...['UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'],
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ERR_TLS_CERT_ALTNAME_INVALID'],
]);

function transportError(error: unknown, callers: AbortSignal) {
  if (callers.aborted) return fhirError('FHIR_STOPPING', { cause: error });
  const code = codeOf(error);
  return fhirError(beforeSending.has(code) ? 'FHIR_UNREACHABLE' : 'FHIR_REPLY_LOST', { cause: error });
}

/** Several addresses tried make an AggregateError: all of them failed before sending. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

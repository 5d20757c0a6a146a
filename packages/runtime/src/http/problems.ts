/** The problems every HTTP service can answer, as data; docs/errors.md is generated from it. Services add their own. */
import { type ProblemError, type ProblemExtras, problem } from './problem.ts';

type Known = { readonly status: number; readonly title: string; readonly detail: string };

export const httpProblems = {
  INVALID_REQUEST: {
    status: 400,
    title: 'Invalid request',
    detail: 'The request does not have the documented shape; `errors` says where.',
  },
  MALFORMED_JSON: { status: 400, title: 'Malformed JSON', detail: 'The body is not the JSON its content type promises.' },
  MALFORMED_REQUEST: { status: 400, title: 'Malformed request', detail: 'The request is not valid HTTP.' },
  TOKEN_MISSING: { status: 401, title: 'Token missing', detail: 'Send `Authorization: Bearer <token>`.' },
  TOKEN_INVALID: {
    status: 401,
    title: 'Token invalid',
    detail: 'The token is malformed, signed by no known key, or not meant for here.',
  },
  TOKEN_EXPIRED: { status: 401, title: 'Token expired', detail: 'The token is no longer valid; fetch a new one.' },
  FORBIDDEN: { status: 403, title: 'Not allowed', detail: 'None of the roles in the token may do this.' },
  NOT_FOUND: { status: 404, title: 'Not found', detail: 'There is nothing under this method and path.' },
  REQUEST_TIMEOUT: { status: 408, title: 'Request too slow', detail: 'The request was not received in time.' },
  BODY_TOO_LARGE: { status: 413, title: 'Body too large', detail: 'The body is larger than this route takes.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'Unsupported media type', detail: 'The route does not take this content type.' },
  RATE_LIMITED: {
    status: 429,
    title: 'Too many requests',
    detail: 'This client asks too often; wait as long as Retry-After says.',
  },
  HEADERS_TOO_LARGE: { status: 431, title: 'Headers too large', detail: 'The headers are larger than the server takes.' },
  INTERNAL: {
    status: 500,
    title: 'Internal error',
    detail: 'Something went wrong here; it was logged under the id in `instance`.',
  },
  KEYS_UNAVAILABLE: {
    status: 503,
    title: 'Token keys away',
    detail: 'The keys tokens are checked with cannot be fetched; nobody can be let in at present.',
  },
  SHUTTING_DOWN: {
    status: 503,
    title: 'Shutting down',
    detail: 'This instance is being stopped; ask again, another will answer.',
  },
  HANDLER_TIMEOUT: {
    status: 503,
    title: 'Took too long',
    detail: 'The answer was not ready in time. Whether anything took effect is not known.',
  },
} as const satisfies Record<string, Known>;
export type HttpProblemCode = keyof typeof httpProblems;

export function httpProblem(code: HttpProblemCode, extras: ProblemExtras & { readonly detail?: string } = {}): ProblemError {
  const known = httpProblems[code];
  return problem(known.status, code, known.title, extras.detail ?? known.detail, extras);
}

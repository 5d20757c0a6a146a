/**
 * Problem details (RFC 9457): the one shape of every answer that is not a success. `type` and `code` are stable and documented in
 * docs/errors.md; `detail` may be reworded. Texts name fields, limits and ids, never values: an answer ends up in other people's logs.
 */
import { STATUS_CODES } from 'node:http';
import { type Static, Type } from 'typebox';

/** One fault of the request: `pointer` is a JSON pointer into the body, or `?name`, `path/name`, `header/name`. */
export const FieldErrorSchema = Type.Object({ pointer: Type.String(), message: Type.String() });
export type FieldError = Static<typeof FieldErrorSchema>;

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'Stable name of the kind of problem.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'The same name as a short code.' }),
    detail: Type.String(),
    instance: Type.Optional(Type.String({ description: 'Id of this request; quote it when you ask.' })),
    errors: Type.Optional(Type.Array(FieldErrorSchema)),
  },
  { additionalProperties: true, description: 'Problem details, RFC 9457' },
);
export type Problem = Static<typeof ProblemSchema>;

export type ProblemExtras = {
  readonly errors?: readonly FieldError[];
  /** Sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the answer. */
  readonly members?: Readonly<Record<string, unknown>>;
};

/** Thrown by handlers to end a request; the error mapper writes it out. Not a failure of ours and not logged as one. */
export class ProblemError extends Error {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  /** Fastify reads it where it looks at errors itself. */
  readonly statusCode: number;

  constructor(problem: Problem, headers: Readonly<Record<string, string>> = {}) {
    super(problem.title);
    this.name = 'ProblemError';
    this.problem = problem;
    this.headers = headers;
    this.statusCode = problem.status;
  }
}

export const problemType = (code: string): string => `urn:clinstream:problem:${code.toLowerCase().replaceAll('_', '-')}`;

/** A problem to throw: `throw problem(409, 'DUPLICATE_ORDER', 'Duplicate order', '…')`. */
export function problem(status: number, code: string, title: string, detail: string, extras: ProblemExtras = {}): ProblemError {
  const { errors, retryAfterSeconds, headers = {}, members = {} } = extras;
  const body: Problem = {
    ...members,
    type: problemType(code),
    title: title || STATUS_CODES[status] || 'Problem',
    status,
    code,
    detail,
    ...(errors === undefined ? {} : { errors: [...errors] }),
  };
  return new ProblemError(body, {
    ...headers,
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) }),
  });
}

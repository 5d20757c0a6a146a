/**
 * The one error mapper: whatever a route, fastify or a runtime part throws becomes problem details. Total. Foreign messages are never
 * passed on. AppErrors: what is away or busy is 503 with Retry-After, what can never work is 422, our own failures are 500.
 */
import { AppError } from '../errors/app-error.ts';
import { type FieldError, ProblemError, problem } from './problem.ts';
import { type HttpProblemCode, httpProblem } from './problems.ts';

/** What we read of fastify's errors. */
type FrameworkError = {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly validation?: readonly ValidationFault[];
  readonly validationContext?: string;
};
export type ValidationFault = {
  readonly instancePath?: string;
  readonly keyword?: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
};

const byFrameworkCode: Readonly<Record<string, HttpProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'MALFORMED_JSON',
  FST_ERR_CTP_INVALID_JSON_BODY: 'MALFORMED_JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'MALFORMED_REQUEST',
  FST_ERR_BAD_URL: 'MALFORMED_REQUEST',
  FST_ERR_HANDLER_TIMEOUT: 'HANDLER_TIMEOUT',
};

export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof AppError) return problemOfAppError(error);
  if (typeof error !== 'object' || error === null) return httpProblem('INTERNAL');
  const { code, statusCode, validation, validationContext } = error as FrameworkError;
  if (validation !== undefined)
    return httpProblem('INVALID_REQUEST', { errors: fieldErrors(validation, validationContext ?? 'body') });
  const known = typeof code === 'string' ? byFrameworkCode[code] : undefined;
  if (known !== undefined) return httpProblem(known);
  // The JSON parser's own errors, refused prototype keys among them.
  if (error instanceof SyntaxError && statusCode === 400) return httpProblem('MALFORMED_JSON');
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return httpProblem('MALFORMED_REQUEST');
  return httpProblem('INTERNAL');
}

function problemOfAppError(error: AppError): ProblemError {
  if (error.kind === 'poison') return problem(422, error.code, 'Cannot be processed', error.message);
  if (error.kind === 'fatal') return httpProblem('INTERNAL');
  const retryAfterSeconds = (error.retryAfterMs ?? 5_000) / 1_000;
  const title = error.scope === 'dependency' ? 'Temporarily unavailable' : 'Could not be completed';
  return problem(503, error.code, title, error.message, { retryAfterSeconds });
}

const prefixOf: Readonly<Record<string, string>> = { querystring: '?', params: 'path', headers: 'header' };
const maxErrors = 50;

/** Pointers and the schema's own words, one entry per place; a value never gets into them. */
export function fieldErrors(faults: readonly ValidationFault[], context: string): readonly FieldError[] {
  const places = Map.groupBy(faults, (fault) => pointerOf(fault, context));
  return Array.from(places, ([pointer, here]) => ({ pointer, message: messageOf(here) })).slice(0, maxErrors);
}

function pointerOf(fault: ValidationFault, context: string): string {
  const path = `${fault.instancePath ?? ''}${missingOrSurplus(fault)}`.slice(0, 300);
  const prefix = prefixOf[context] ?? '';
  return prefix === '?' ? `?${path.replace(/^\//, '')}` : `${prefix}${path}`;
}

/** The member a `required` or `additionalProperties` fault is about, as one more step of the pointer. */
function missingOrSurplus({ params = {} }: ValidationFault): string {
  const names =
    params['requiredProperties'] ?? params['additionalProperties'] ?? params['missingProperty'] ?? params['additionalProperty'];
  const name = Array.isArray(names) ? names[0] : names;
  return typeof name === 'string' ? `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` : '';
}

/** Of several faults at one place the most telling: a union of words names all of them. */
function messageOf(faults: readonly ValidationFault[]): string {
  const keywords = new Set(faults.map((fault) => fault.keyword));
  if (keywords.has('required')) return 'is required';
  if (keywords.has('additionalProperties')) return 'is not known';
  const words = faults.flatMap(({ params = {} }) => params['allowedValues'] ?? params['allowedValue'] ?? []);
  if (words.length > 0) return `must be ${words.length > 1 ? 'one of ' : ''}${words.join(', ')}`;
  const plain = faults.find((fault) => fault.keyword !== 'anyOf' && fault.keyword !== 'oneOf') ?? faults[0];
  return plain?.message ?? 'is not valid';
}

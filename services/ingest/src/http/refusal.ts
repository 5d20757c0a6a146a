/**
 * Every refusal ingest's HTTP door gives for what is asked, as data: the same for a single request (problem details) and for a line of a
 * batch. Texts name members, codes and ids, never values. The codes are documented in docs/errors.md.
 */
import { AppError } from '@clinstream/runtime/errors';
import type { FieldError } from '@clinstream/runtime/http';
import type { Fault, FaultCode } from '../domain/fault.ts';
import type { ModelCatalog } from '../domain/model-catalog.ts';
import { faultMessages } from '../errors.ts';

export type Refusal = {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
  /** Further members of the problem. */
  readonly extras?: Readonly<Record<string, unknown>>;
};

/** Thrown where a refusal ends the request; what carries one is not a failure of ours. */
export class RefusedError extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.title);
    this.name = 'RefusedError';
    this.refusal = refusal;
  }
}

/** Long enough for a leader election, short enough not to idle a sender. */
const retryAfterSeconds = 5;

/** The first of these among the faults names the whole refusal. */
const namedByFault: readonly (readonly [FaultCode, string, string])[] = [
  [
    'NATIONAL_ID_REFUSED',
    'National id refused',
    'An identifier looks like a resident registration number; it is never used as an id here.',
  ],
  ['UNKNOWN_MODEL', 'Unknown model', 'No such model; `known` lists those there are, with their versions.'],
  ['UNKNOWN_MODEL_VERSION', 'Unknown model version', 'The model has no such version; `known` lists those there are.'],
  ['EVIDENCE_NOT_OFFERED', 'No evidence', 'The model offers no evidence; ask without it.'],
  ['INVALID_IDENTIFIER', 'Invalid identifier', 'An identifier is empty, has control characters or surrounding blanks.'],
];

export function refusedFaults(faults: readonly Fault[], models: ModelCatalog): Refusal {
  const codes = new Set(faults.map((fault) => fault.code));
  const [code, title, detail] = namedByFault.find(([name]) => codes.has(name)) ?? [
    'INVALID_INPUTS',
    'Invalid model inputs',
    'The inputs do not fit what the model declares; nothing is filled in or converted.',
  ];
  const known = codes.has('UNKNOWN_MODEL') || codes.has('UNKNOWN_MODEL_VERSION') ? { known: models.known } : {};
  return { status: 422, code, title, detail, extras: { errors: faults.map(fieldError), ...known } };
}

/** In the shape all problems have, with code and what was expected beside the words. */
const fieldError = (fault: Fault) => ({ message: faultMessages[fault.code], ...fault });

export const keyReused: Refusal = {
  status: 422,
  code: 'IDEMPOTENCY_KEY_REUSED',
  title: 'Idempotency key reused',
  detail: 'This key was first used with other content. Send other content under a key of its own.',
};

export const duplicateOrder = (orderId: string): Refusal => ({
  status: 409,
  code: 'DUPLICATE_ORDER',
  title: 'Duplicate order',
  detail:
    'This placer number was used for an order with other content. Amend that order, or place this one under a number of its own.',
  extras: { orderId },
});

/** Postgres could not keep the key: nothing was sent to the log. */
export const reservationsAway: Refusal = {
  status: 503,
  code: 'POSTGRES_UNAVAILABLE',
  title: 'Idempotency store away',
  detail: 'The key could not be reserved, nothing was accepted. Repeat the request; one without a key needs no store.',
  retryAfterSeconds,
  extras: { mayHaveBeenAccepted: false },
};

/** Not handed to the log at all. */
export const logAway: Refusal = {
  status: 503,
  code: 'KAFKA_UNAVAILABLE',
  title: 'Log away',
  detail: 'The log does not confirm at present; this was not handed to it. Repeat later.',
  retryAfterSeconds,
  extras: { mayHaveBeenAccepted: false },
};

/** Handed over, never confirmed: only a key makes the repeat harmless. */
const unconfirmed = (isRepeatable: boolean): Refusal => ({
  status: 503,
  code: 'KAFKA_UNAVAILABLE',
  title: 'Not confirmed by the log',
  detail: isRepeatable
    ? 'The log did not confirm in time; the request may or may not have been accepted. Repeating it with the same key is safe.'
    : 'The log did not confirm in time; the request may or may not have been accepted. Without an Idempotency-Key a repeat may take effect twice.',
  retryAfterSeconds,
  extras: { mayHaveBeenAccepted: true },
});

const tooLarge: Refusal = {
  status: 413,
  code: 'RECORD_TOO_LARGE',
  title: 'Too large for the log',
  detail: 'The event this request makes is larger than the log takes.',
};

/** Refused before a byte went to the log, or by the log for good: certainly not accepted. */
const neverSent: ReadonlySet<string> = new Set([
  'PRODUCER_STOPPED',
  'REGISTRY_UNAVAILABLE',
  'SCHEMA_NOT_REGISTERED',
  'TOPIC_UNKNOWN',
  'KAFKA_REJECTED',
]);

/** What a failed publish means to the sender; null for what is no one's known trouble. */
export function refusedByLog(error: unknown, isRepeatable: boolean): Refusal | null {
  if (!(error instanceof AppError)) return null;
  if (error.code === 'RECORD_TOO_LARGE') return tooLarge;
  if (neverSent.has(error.code)) return logAway;
  return error.kind === 'retryable' || error.kind === 'ambiguous' ? unconfirmed(isRepeatable) : null;
}

/** What a failed reservation means to the sender; null for what is no one's known trouble. */
export const refusedByStore = (error: unknown): Refusal | null =>
  error instanceof AppError && error.kind === 'retryable' ? reservationsAway : null;

export const malformedLine = (what: string): Refusal => ({
  status: 400,
  code: 'MALFORMED_LINE',
  title: 'Malformed line',
  detail: `The line ${what}. Only this line is refused.`,
});

export const invalidLine = (errors: readonly FieldError[]): Refusal => ({
  status: 400,
  code: 'INVALID_REQUEST',
  title: 'Invalid line',
  detail: 'The line does not have the documented shape. Only this line is refused.',
  extras: { errors },
});

export const batchTooLong = (limit: string): Refusal => ({
  status: 413,
  code: 'BATCH_TOO_LONG',
  title: 'Batch too long',
  detail: `A batch has at most ${limit}; this line and all after it were not read. Send them as another batch.`,
});

export const tooManyBatches: Refusal = {
  status: 503,
  code: 'TOO_MANY_BATCHES',
  title: 'Too many batches at once',
  detail: 'As many batches as this instance takes are under way. Repeat later.',
  retryAfterSeconds,
  extras: { mayHaveBeenAccepted: false },
};

/**
 * The one error type that carries a decision: what kind of trouble it is says what happens next (design 3).
 * Messages and codes name ids and fields, never values: no patient data in an error text.
 */

/** What may be done about it. */
export type ErrorKind = 'retryable' | 'poison' | 'ambiguous' | 'fatal';
/** What a retryable error is about: the `dependency` (everything waits, no attempt is counted) or this one `message`. */
export type ErrorScope = 'dependency' | 'message';
/** Where it happened. */
export type ErrorStage = 'receive' | 'decode' | 'process' | 'sink' | 'publish' | 'outbound';

export type AppErrorOptions = {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly scope?: ErrorScope;
  readonly stage: ErrorStage;
  /** Says what is wrong and what to do; ids and field names only. */
  readonly message: string;
  /** Earliest sensible next try, where the other side said so. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
};

export class AppError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly scope: ErrorScope;
  readonly stage: ErrorStage;
  readonly retryAfterMs: number | null;

  constructor(options: AppErrorOptions) {
    super(options.message, { cause: options.cause });
    this.name = 'AppError';
    this.code = options.code;
    this.kind = options.kind;
    this.scope = options.scope ?? 'message';
    this.stage = options.stage;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/**
 * What a log line says of an error. Our own errors promise messages without values, so theirs are kept; a foreign message (driver, parser)
 * may quote the input, so only its class, a code-like code and the stack frames are.
 */
import { AppError } from '../errors/app-error.ts';

export type LoggedError = {
  readonly type: string;
  readonly code?: string;
  readonly kind?: string;
  readonly scope?: string;
  readonly stage?: string;
  readonly message?: string;
  readonly at?: readonly string[];
  readonly cause?: LoggedError;
};

const maxFrames = 8;
const maxDepth = 4;

export function describeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error };
  const cause = error.cause !== undefined && depth < maxDepth ? { cause: describeError(error.cause, depth + 1) } : {};
  if (error instanceof AppError) {
    const { code, kind, scope, stage, message } = error;
    return { type: 'AppError', code, kind, scope, stage, message, ...cause };
  }
  const code = codeOf(error);
  const at = framesOf(error);
  return { type: nameOf(error), ...(code === null ? {} : { code }), ...(at.length === 0 ? {} : { at }), ...cause };
}

const nameOf = (error: Error): string => {
  const name = error.constructor?.name || 'Error';
  return /^[\w$]{1,60}$/.test(name) ? name : 'Error';
};

/** `ECONNREFUSED`, `57P01`: machine words only. */
function codeOf(error: Error): string | null {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : null;
}

/** Frames follow the message in `stack`; when the message cannot be found there, nothing is trusted. */
function framesOf(error: Error): readonly string[] {
  const stack = error.stack ?? '';
  const message = String(error.message);
  const start = stack.indexOf(message);
  if (start < 0) return [];
  const lines = stack.slice(start + message.length).split('\n');
  return lines
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .slice(0, maxFrames);
}

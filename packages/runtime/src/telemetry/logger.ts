/**
 * pino with an allow-list: a field not in `logFields` never reaches the output, an error is reduced to what `describeError` trusts.
 * Dropped fields are counted in `droppedFields`, so that a developer sees that something was withheld, not what.
 * Promise: level checks cost next to nothing when the level is off. Not promised: that message texts are free of values; write them so.
 */
import { type DestinationStream, type LogFn, type Logger, pino, stdTimeFunctions } from 'pino';
import { describeError } from './log-errors.ts';
import { logFields } from './log-fields.ts';

export type { Logger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export type LoggerOptions = { readonly name: string; readonly level: LogLevel; readonly destination?: DestinationStream };

export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    base: { service: options.name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: keepAllowed, bindings: keepAllowed },
    hooks: { logMethod: withOwnMessage },
    serializers: { err: (value: unknown) => value },
  };
  return guardBindings(options.destination ? pino(settings, options.destination) : pino(settings));
}

/** pino does not format the bindings of children, so they are filtered on their way in; children inherit these methods. */
function guardBindings(logger: Logger): Logger {
  const { child, setBindings } = logger;
  return Object.assign(logger, {
    child(this: Logger, bindings: Record<string, unknown>, options?: object): Logger {
      return child.call(this, keepAllowed(bindings), options as never) as unknown as Logger;
    },
    setBindings(this: Logger, bindings: Record<string, unknown>): void {
      setBindings.call(this, keepAllowed(bindings));
    },
  });
}

/** pino would take a missing message from the error, which may quote values: we always give one. */
function withOwnMessage(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const [first, message, ...rest] = args as unknown as [unknown, string | undefined, ...unknown[]];
  const isFields = typeof first === 'object' && first !== null;
  const fields = first instanceof Error ? { err: first } : first;
  method.apply(this, (isFields ? [fields, message ?? 'error', ...rest] : args) as unknown as Parameters<LogFn>);
}

function keepAllowed(fields: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  let dropped = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'err' || name === 'error') kept['err'] = describeError(value);
    else if (logFields.has(name) && isPlain(value)) kept[name] = shorten(value);
    else if (value !== undefined) dropped++;
  }
  if (dropped > 0) kept['droppedFields'] = dropped;
  return kept;
}

const isScalar = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
const isPlain = (value: unknown): boolean => isScalar(value) || (Array.isArray(value) && value.every(isScalar));
const shorten = (value: unknown): unknown =>
  typeof value === 'string' && value.length > 500 ? `${value.slice(0, 500)}…` : value;

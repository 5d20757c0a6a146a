/**
 * Turns whatever was thrown into an AppError that says what happens next. Total: an error nobody foresaw is retryable/message UNCLASSIFIED.
 * Postgres errors are classified where they arise, see postgres/classify-error.ts.
 * Foreign messages may quote values, so they travel only as `cause` (the log prints its class and frames, not its text).
 */
import { AppError, type ErrorStage } from './app-error.ts';
import { type ErrorDetails, errorCatalogue, errorMaker, type RuntimeErrorCode } from './catalogue.ts';

const errorOf = errorMaker(errorCatalogue, 'process');

/** An AppError of a known code; kind and scope come from the catalogue. */
export const runtimeError = (code: RuntimeErrorCode, stage: ErrorStage, details: Omit<ErrorDetails, 'stage'> = {}): AppError =>
  errorOf(code, { ...details, stage });

export function classify(error: unknown, stage: ErrorStage): AppError {
  if (error instanceof AppError) return error;
  return runtimeError(codeOf(error), stage, { cause: error });
}

const maxCauses = 5;

/** The first code that an error, or what caused it, is known by. */
function codeOf(error: unknown): RuntimeErrorCode {
  let current: unknown = error;
  for (let depth = 0; depth < maxCauses && typeof current === 'object' && current !== null; depth++) {
    const code = kafkaCode(current) ?? networkCode(current);
    if (code !== null) return code;
    current = (current as { cause?: unknown }).cause;
  }
  return 'UNCLASSIFIED';
}

type Foreign = { readonly name?: unknown; readonly type?: unknown; readonly code?: unknown; readonly retriable?: unknown };

const refusedTypes: ReadonlySet<string> = new Set([
  ...['TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED', 'SASL_AUTHENTICATION_FAILED'],
  ...['UNSUPPORTED_SASL_MECHANISM', 'INCONSISTENT_GROUP_PROTOCOL', 'INVALID_GROUP_ID', 'UNSUPPORTED_VERSION'],
]);

/** kafkajs names its errors `KafkaJS…`; protocol errors carry Kafka's own error name in `type`. */
function kafkaCode(error: object): RuntimeErrorCode | null {
  const { name, type } = error as Foreign;
  if (typeof name !== 'string' || !name.startsWith('KafkaJS')) return null;
  if (typeof type === 'string' && refusedTypes.has(type)) return 'KAFKA_REJECTED';
  if (name === 'KafkaJSSASLAuthenticationError') return 'KAFKA_REJECTED';
  if (type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE') return 'RECORD_TOO_LARGE';
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return 'TOPIC_UNKNOWN';
  return wrapsAnother(name) ? null : 'KAFKA_UNAVAILABLE';
}

/** Wrappers: what they wrap decides. */
const wrapsAnother = (name: string): boolean => name === 'KafkaJSNonRetriableError' || name === 'KafkaJSNumberOfRetriesExceeded';

const networkCodes: ReadonlySet<string> = new Set([
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'ECONNABORTED',
    'ETIMEDOUT',
    'EPIPE',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
  ],
  ...['EHOSTDOWN', 'ENETDOWN', 'ERR_SOCKET_CLOSED', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'],
]);

function networkCode(error: object): RuntimeErrorCode | null {
  const { code } = error as Foreign;
  return typeof code === 'string' && networkCodes.has(code) ? 'DEPENDENCY_UNAVAILABLE' : null;
}

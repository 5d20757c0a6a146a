/** Every error code the runtime itself gives, as data: docs/errors.md is generated from it. Services add their own entries in the same shape. */
import { AppError, type ErrorKind, type ErrorScope, type ErrorStage } from './app-error.ts';

export type ErrorCatalogueEntry = {
  readonly kind: ErrorKind;
  readonly scope: ErrorScope;
  readonly meaning: string;
  readonly whatToDo: string;
};

const entryOf =
  (kind: ErrorKind, scope: ErrorScope) =>
  (meaning: string, whatToDo: string): ErrorCatalogueEntry => ({ kind, scope, meaning, whatToDo });

/** How the entries of every catalogue, ours and the services', are written. */
export const catalogued = {
  dependency: entryOf('retryable', 'dependency'),
  message: entryOf('retryable', 'message'),
  poison: entryOf('poison', 'message'),
  ambiguous: entryOf('ambiguous', 'message'),
  fatal: entryOf('fatal', 'message'),
} as const;
const { dependency, message, poison, fatal } = catalogued;

export type ErrorDetails = {
  /** Instead of the entry's meaning. */
  readonly message?: string;
  readonly cause?: unknown;
  readonly retryAfterMs?: number;
  /** Instead of the catalogue's usual one. */
  readonly stage?: ErrorStage;
};

/** Makes the errors of one catalogue: kind and scope come from the entry. */
export const errorMaker =
  <Code extends string>(catalogue: Readonly<Record<Code, ErrorCatalogueEntry>>, usualStage: ErrorStage) =>
  (code: Code, details: ErrorDetails = {}): AppError => {
    const { kind, scope, meaning } = catalogue[code];
    return new AppError({ code, kind, scope, stage: usualStage, message: meaning, ...details });
  };

export const errorCatalogue = {
  UNCLASSIFIED: message(
    'An error nobody foresaw. It is retried a bounded number of times, then the record is parked.',
    'Read the error line (type, stack frames); it is a bug or a missing rule in classify. Fix, then replay the dead letter.',
  ),
  HANDLER_TIMEOUT: message(
    'A handler did not answer within its time.',
    'Look for a slow dependency or an oversized record; raise the time limit only if the work is known to take longer.',
  ),
  DEPENDENCY_UNAVAILABLE: dependency(
    'A system we need refused or dropped the connection, or did not answer in time.',
    'Bring it back. Everything waits meanwhile and goes on by itself.',
  ),
  KAFKA_UNAVAILABLE: dependency(
    'Kafka did not confirm within the delivery time, or cannot be reached.',
    'Check brokers, min.insync.replicas and the network. Senders were told to try again.',
  ),
  REGISTRY_UNAVAILABLE: dependency('The schema registry cannot be reached.', 'Bring it back; consumers wait, nothing is lost.'),
  SCHEMA_NOT_REGISTERED: dependency(
    'Our own schema is not (yet) registered under its subject.',
    'Run the deploy step against this registry; services never register schemas themselves.',
  ),
  NOT_AVRO_FRAMED: poison(
    'The record does not begin with the magic byte and a schema id.',
    'Find the producer that writes to this topic without the registry; the original bytes are in the dead-letter topic.',
  ),
  SCHEMA_UNKNOWN: poison(
    'The registry does not know the schema id the record was written with.',
    'The record was written against another registry; register its schema, then replay the dead letter.',
  ),
  AVRO_UNREADABLE: poison(
    'The bytes do not follow the schema they name, or that schema is not compatible with ours.',
    'Check the producer; the original bytes are in the dead-letter topic.',
  ),
  ENCODE_INVALID: poison(
    'A value does not follow our own schema and was not sent.',
    'A bug in the caller: the message names the field.',
  ),
  RECORD_WITHOUT_VALUE: poison('A record without value stands on a topic that has no tombstones.', 'Find its producer.'),
  RECORD_TOO_LARGE: poison(
    'The record is larger than the log takes.',
    'Send large content as a blob reference; or raise the limit on topic and producer together.',
  ),
  DEAD_LETTER_TOO_SMALL: dependency(
    'The dead-letter topic takes smaller records than the topic a record came from; the record waits, nothing is lost.',
    'Raise max.message.bytes of the dead-letter topic (deploy creates it with 2 MiB); the group goes on by itself.',
  ),
  TOPIC_UNKNOWN: dependency('The topic does not exist (yet).', 'Run the deploy step that creates the topics.'),
  KAFKA_REJECTED: fatal(
    'Kafka refuses us for good: credentials, authorization or an incompatible group protocol.',
    'Fix credentials, ACLs or configuration, then start again.',
  ),
  CONSUMER_CRASHED: fatal(
    'The Kafka client ended in a way that is no connection trouble.',
    'Read the error line; restart. Nothing uncommitted is lost.',
  ),
  PRODUCER_STOPPED: dependency('The service is stopping and takes no more events.', 'Send again to the next instance.'),
  PARKED_BY_HANDLER: poison('The handler decided that this record cannot be handled.', 'Read its reason in the error line.'),
  PORT_UNAVAILABLE: fatal('A server cannot listen on its port.', 'See what else listens there, or configure another port.'),
  LOG_GAP: poison(
    'Records between our position and the first one still in the log are gone: retention was shorter than the time we were away.',
    'Counted and logged, never silent. Restore from the source, lengthen retention.',
  ),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

export type RuntimeErrorCode = keyof typeof errorCatalogue;

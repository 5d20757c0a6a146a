/** What PostgreSQL's trouble is called, as data: docs/errors.md is generated from it; classify-error.ts says which SQLSTATE is which. */
import { catalogued, type ErrorCatalogueEntry } from '../errors/catalogue.ts';

const { dependency, message, poison, fatal } = catalogued;

export const postgresErrors = {
  POSTGRES_UNAVAILABLE: dependency(
    'PostgreSQL cannot be reached, does not answer in time, or is starting or stopping.',
    'Bring it back; everything waits meanwhile, nothing is lost.',
  ),
  POSTGRES_DISK_FULL: dependency('PostgreSQL has no room left on its disk.', 'Free some; everything waits meanwhile.'),
  POSTGRES_REFUSED: dependency('PostgreSQL refuses the login or the database.', 'Check DATABASE_URL and the rights of its user.'),
  POSTGRES_SCHEMA_MISSING: dependency(
    'A table, column or function is missing.',
    'Run the deploy step; services never migrate themselves.',
  ),
  POSTGRES_CONFLICT: dependency('The transaction lost against another one.', 'Nothing: it is tried again.'),
  POSTGRES_TIMEOUT: dependency(
    'A statement took longer than DATABASE_STATEMENT_TIMEOUT_MS.',
    'Look for locks and load in the database; it is tried again.',
  ),
  POSTGRES_UNIQUE_VIOLATION: poison(
    'Such a row exists already.',
    'The message names the constraint; compare the record with what is stored.',
  ),
  POSTGRES_CONSTRAINT: poison(
    'The row breaks a rule of its table.',
    'The message names the constraint; compare the schema version of the record with the migrations.',
  ),
  POSTGRES_DATA_INVALID: poison(
    'A value does not fit its column.',
    'Compare the schema version of the record with the migrations; fix, then replay the dead letter.',
  ),
  POSTGRES_STATEMENT_INVALID: fatal('PostgreSQL does not understand our statement.', 'A bug: deploy the version before.'),
  POSTGRES_ERROR: message('PostgreSQL answered with a SQLSTATE that no rule knows.', 'Look the SQLSTATE in the message up.'),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

export type PostgresErrorCode = keyof typeof postgresErrors;

/** The codes ingest refuses, fails or does not start with, in the shape of the runtime's catalogue; docs/errors.md is generated from both. Refusals of HL7 v2: docs/hl7.md. */
import { catalogued, type ErrorCatalogueEntry } from '@clinstream/runtime/errors';
import type { FaultCode } from './domain/fault.ts';

const { ambiguous, dependency, fatal, poison } = catalogued;

export const ingestErrors = {
  INVALID_INPUTS: poison(
    'Model inputs are missing, unknown, out of range, no numbers or in another unit (422).',
    'Correct what `errors` points to; each entry says what is expected there. Nothing is filled in or converted.',
  ),
  UNKNOWN_MODEL: poison('No model of that name (422).', 'Use one of `known`.'),
  UNKNOWN_MODEL_VERSION: poison('The model has no such version (422).', 'Use one of `known`, or leave the version out.'),
  EVIDENCE_NOT_OFFERED: poison('Evidence was asked of a model that offers none (422).', 'Ask without evidence.'),
  INVALID_IDENTIFIER: poison(
    'An identifier is empty, or has control characters or surrounding blanks (422).',
    'Send identifiers as the assigning authority writes them.',
  ),
  NATIONAL_ID_REFUSED: poison(
    'An identifier looks like a resident registration number (422).',
    "Send the hospital's own record number; national ids are never keys here.",
  ),
  IDEMPOTENCY_KEY_REUSED: poison(
    'The Idempotency-Key (or line reference) belongs to a request with other content (422).',
    'A repeat must be equal; other content needs a key of its own.',
  ),
  DUPLICATE_ORDER: poison(
    'The placer number belongs to an order with other content (409).',
    'Amend that order, or place this one under a number of its own.',
  ),
  MALFORMED_LINE: poison(
    'A batch line is no JSON, no UTF-8 or too long (400 for that line).',
    'Correct and send that line again.',
  ),
  INVALID_REQUEST: poison(
    'A request or line does not have the documented shape (400).',
    'Compare with the API document; `errors` points to each place.',
  ),
  BATCH_TOO_LONG: poison(
    'A batch has more lines or bytes than allowed (413); lines from the one named on were not read.',
    'Send the rest as another batch.',
  ),
  TOO_MANY_BATCHES: dependency(
    'As many batches as one instance takes are under way (503).',
    'Repeat after Retry-After, or add instances.',
  ),
  KAFKA_UNAVAILABLE: ambiguous(
    'The log did not confirm an event in time: it may have been accepted (503, `mayHaveBeenAccepted`).',
    'Repeat with the same Idempotency-Key; check brokers and network.',
  ),
  MLLP_ANSWER_TIMEOUT: dependency(
    'The log and the blob store did not confirm a message in time; it was answered AR (CE).',
    'Nothing: the sender repeats it, and the repeat adds nothing twice. Check Kafka, Postgres and BLOB_DIR.',
  ),
  MLLP_PORT_UNAVAILABLE: fatal(
    'An HL7 v2 channel cannot listen on its port.',
    'See what else listens there, or configure another port.',
  ),
  MLLP_CHANNELS_INVALID: fatal(
    'MLLP_CHANNEL_FILE cannot be read or has problems.',
    'The message lists them all; correct the file (docs/hl7.md).',
  ),
  MODELS_UNREADABLE: fatal('MODELS_DIR cannot be read or holds no model.', 'Set MODELS_DIR to the folder of <name>/<version>.'),
  MANIFEST_INVALID: fatal('A model manifest is not what it must be.', 'The message names the file and every problem.'),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

/** What is wrong with one member of a request, as `errors` of the 422 says it. */
export const faultMessages: Readonly<Record<FaultCode, string>> = {
  MISSING: 'is required by the model',
  UNKNOWN_INPUT: 'is no input of the model',
  OUT_OF_RANGE: 'is outside the range the model declares',
  NOT_A_NUMBER: 'must be a finite number',
  WRONG_UNIT: 'is in another unit than the model declares',
  UNKNOWN_MODEL: 'is no model here',
  UNKNOWN_MODEL_VERSION: 'is no version of the model',
  EVIDENCE_NOT_OFFERED: 'is not offered by the model',
  NATIONAL_ID_REFUSED: 'looks like a national id',
  INVALID_IDENTIFIER: 'is empty, or has control characters or surrounding blanks',
};

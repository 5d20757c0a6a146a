/** The codes ingest's HTTP door refuses with, in the shape of the runtime's catalogue; docs/errors.md is generated from both. */
import type { ErrorCatalogueEntry } from '@clinstream/runtime/errors';

const refused = (meaning: string, whatToDo: string): ErrorCatalogueEntry => ({
  kind: 'poison',
  scope: 'message',
  meaning,
  whatToDo,
});
const later = (meaning: string, whatToDo: string): ErrorCatalogueEntry => ({
  kind: 'retryable',
  scope: 'dependency',
  meaning,
  whatToDo,
});

export const ingestErrors = {
  INVALID_INPUTS: refused(
    'Model inputs are missing, unknown, out of range, no numbers or in another unit (422).',
    'Correct what `errors` points to; each entry says what is expected there. Nothing is filled in or converted.',
  ),
  UNKNOWN_MODEL: refused('No model of that name (422).', 'Use one of `known`.'),
  UNKNOWN_MODEL_VERSION: refused('The model has no such version (422).', 'Use one of `known`, or leave the version out.'),
  EVIDENCE_NOT_OFFERED: refused('Evidence was asked of a model that offers none (422).', 'Ask without evidence.'),
  INVALID_IDENTIFIER: refused(
    'An identifier is empty, or has control characters or surrounding blanks (422).',
    'Send identifiers as the assigning authority writes them.',
  ),
  NATIONAL_ID_REFUSED: refused(
    'An identifier looks like a resident registration number (422).',
    "Send the hospital's own record number; national ids are never keys here.",
  ),
  IDEMPOTENCY_KEY_REUSED: refused(
    'The Idempotency-Key (or line reference) belongs to a request with other content (422).',
    'A repeat must be equal; other content needs a key of its own.',
  ),
  DUPLICATE_ORDER: refused(
    'The placer number belongs to an order with other content (409).',
    'Amend that order, or place this one under a number of its own.',
  ),
  MALFORMED_LINE: refused(
    'A batch line is no JSON, no UTF-8 or too long (400 for that line).',
    'Correct and send that line again.',
  ),
  INVALID_REQUEST: refused(
    'A request or line does not have the documented shape (400).',
    'Compare with the API document; `errors` points to each place.',
  ),
  BATCH_TOO_LONG: refused(
    'A batch has more lines or bytes than allowed (413); lines from the one named on were not read.',
    'Send the rest as another batch.',
  ),
  TOO_MANY_BATCHES: later(
    'As many batches as one instance takes are under way (503).',
    'Repeat after Retry-After, or add instances.',
  ),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

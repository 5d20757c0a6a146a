/** The codes of the FHIR side, in the shape of the runtime's catalogue; docs/errors.md is generated from it. None ever carries what a server said of a patient. */
import { AppError, catalogued, type ErrorCatalogueEntry, errorMaker } from '@clinstream/runtime/errors';

const { ambiguous, dependency, fatal, message, poison } = catalogued;

export const fhirErrors = {
  FHIR_UNREACHABLE: dependency(
    'The FHIR server refuses connections or cannot be found.',
    'Bring it back, or correct FHIR_BASE_URL. Everything for it waits and goes on by itself.',
  ),
  FHIR_BUSY: dependency('The FHIR server asked for a pause (429 or 503).', 'Nothing: its Retry-After is kept.'),
  FHIR_SERVER_ERROR: dependency(
    'The FHIR server fails for everybody (502, 503, 504, or other errors for several patients in a row).',
    'Look at the server. Everything for it waits and goes on by itself.',
  ),
  FHIR_UNAUTHORIZED: dependency(
    'The FHIR server refuses our credentials, also after one renewal (401, 403).',
    'Check FHIR_AUTH and the scopes granted to the client.',
  ),
  FHIR_DISCOVERY_FAILED: dependency(
    'The server’s .well-known/smart-configuration cannot be read or names no usable token endpoint.',
    'Check that the server offers SMART Backend Services at FHIR_BASE_URL.',
  ),
  FHIR_TOKEN_UNAVAILABLE: dependency('The token endpoint cannot be reached or gives no usable token.', 'Bring it back.'),
  FHIR_TOKEN_REFUSED: dependency(
    'The token endpoint refuses us.',
    'Register the keys of /fhir-jwks.json (ops port) for FHIR_CLIENT_ID and grant FHIR_SCOPES.',
  ),
  FHIR_NOT_FHIR: dependency(
    'What answers at FHIR_BASE_URL is no FHIR server (a web page, a redirect, no CapabilityStatement).',
    'Correct FHIR_BASE_URL, or what stands in front of the server.',
  ),
  FHIR_STOPPING: dependency('The service is stopping, or another instance took the patient over.', 'Nothing.'),
  FHIR_WRONG_VERSION: fatal(
    'The server at FHIR_BASE_URL does not speak FHIR R4 (4.0).',
    'Point FHIR_BASE_URL at an R4 endpoint.',
  ),
  FHIR_KEY_INVALID: fatal(
    'FHIR_PRIVATE_KEY_FILE cannot be read or holds no RSA or EC P-384 private key.',
    'Give a JWK or a PKCS#8 PEM file.',
  ),
  FHIR_REPLY_LOST: ambiguous(
    'No reply, or half of one: the write may have taken effect.',
    'Nothing: it is looked up and sent again, and cannot happen twice.',
  ),
  FHIR_REPLY_UNREADABLE: ambiguous(
    'The reply is no FHIR: no JSON, too long, another resource, or not one answer per entry.',
    'Look for a proxy in between. It is looked up and sent again.',
  ),
  FHIR_UNEXPECTED_STATUS: message(
    'The server failed for this patient alone, or with a status that means nothing here.',
    'Tried again a bounded number of times, then it needs review: read the server’s log.',
  ),
  FHIR_CONFLICT: message(
    'Somebody else writes the same resources at the same time (409, 412).',
    'Nothing: read again and tried again, a bounded number of times.',
  ),
  FHIR_FOREIGN_CHANGE: poison(
    'A resource we would overwrite is not ours, or somebody deleted it.',
    'Compare the two, then redeliver or leave it.',
  ),
  FHIR_NEWER_ON_SERVER: poison(
    'The server holds a newer source version than we know.',
    'Was the database restored from a backup? Replay the topics; do not redeliver before.',
  ),
  FHIR_PATIENT_AMBIGUOUS: poison('Several patients on the server carry this identifier.', 'Merge them there, then redeliver.'),
  FHIR_INVALID: poison(
    'The server (or its $validate) finds a resource invalid (400, 413, 422).',
    'Read the OperationOutcome in the delivery’s detail; correct the source or the server’s profile, then redeliver.',
  ),
  FHIR_RENDER_FAILED: poison('A state could not be rendered as FHIR.', 'A bug: report the delivery.'),
  FHIR_POLL_UNUSABLE: poison(
    'A reply to the poller is no searchset of the kind asked for, or leads to another server.',
    'Look at the server or the proxy in front of it; the poller stands where it was and tries again.',
  ),
  FHIR_ORDER_UNUSABLE: poison(
    'An order made in the FHIR server lacks what an order needs; it stands in sync.polled_resources.',
    'Its code says what is missing; correct it in the FHIR server, the next version is read by itself.',
  ),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

export type FhirErrorCode = keyof typeof fhirErrors;

export const fhirError = errorMaker(fhirErrors, 'outbound');

export const isFhirError = (error: unknown, code: FhirErrorCode): boolean => error instanceof AppError && error.code === code;

/** The codes the REST adapter waits or ends with, as data; docs/errors.md is generated from it. */
import { catalogued, type ErrorCatalogueEntry, errorMaker } from '@clinstream/runtime/errors';

const { dependency, message } = catalogued;

export const lisRestErrors = {
  LIS_UNAVAILABLE: dependency(
    'The laboratory system cannot be reached, does not answer in time, or says it is not there (502, 503, 504).',
    'Bring it back. Everything waits meanwhile, nothing is sent twice: an order is looked up before it is sent again.',
  ),
  LIS_BUSY: dependency(
    'The laboratory system asked us to wait (429, or 503 with Retry-After).',
    'Nothing, or lower LIS_ORDERS_PER_SECOND.',
  ),
  LIS_UNAUTHORIZED: dependency(
    'The laboratory system does not take our token (401, 403).',
    'Correct LIS_REST_TOKEN and restart; everything waits meanwhile.',
  ),
  LIS_CONTRACT_MISMATCH: dependency(
    'The laboratory system does not serve what we need; the log has one line for each thing it lacks. Nothing is sent to it.',
    'Correct LIS_REST_URL, or have the laboratory system extended; it is asked again every few seconds.',
  ),
  LIS_REQUEST_UNANSWERED: message(
    'One request got no usable answer although the laboratory system answers others. What came of it is unknown.',
    'Nothing: it is looked up before it is sent again. If it ends as needs review, look the order up in the laboratory system.',
  ),
  LIS_ANSWER_UNREADABLE: message(
    'An answer of the laboratory system is not what its contract says. It is not taken for "not found".',
    'Ask its vendor; the delivery ledger keeps the status.',
  ),
  LIS_PATIENT_AMBIGUOUS: message(
    'The laboratory system has the patient more than once.',
    'Have the records merged there, then redeliver.',
  ),
  LIS_PATIENT_INCOMPLETE: message(
    'The laboratory system does not know the patient, and name, full birth date or sex are missing to register it.',
    'Send the ADT message that has them; the order goes out by itself.',
  ),
  LIS_ORDER_AMBIGUOUS: message(
    'The laboratory system has several orders under this placer number.',
    'Cancel all but one there, then redeliver.',
  ),
  LIS_ORDER_NUMBER_TAKEN: message(
    'The laboratory system has another order under this placer number.',
    'Compare both; a person decides which one holds.',
  ),
  LIS_ORDER_UNKNOWN: message(
    'An order we had placed, or may have placed, is not known there.',
    'Ask the laboratory, then redeliver.',
  ),
  LIS_AMENDMENT_UNSUPPORTED: message(
    'An order was amended after it was placed, and this laboratory system takes no amendments.',
    'Tell the laboratory, or cancel the order and place another.',
  ),
  LIS_REFUSED: message('The laboratory system refused the content (4xx).', 'See the detail in the delivery ledger.'),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

export type LisRestCode = keyof typeof lisRestErrors;

export const lisRestError = errorMaker(lisRestErrors, 'outbound');

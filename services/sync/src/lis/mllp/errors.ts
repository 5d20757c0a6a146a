/** The codes the HL7 v2 adapter waits or ends with, as data; docs/errors.md is generated from it. The answers behind them: docs/hl7.md. */
import { catalogued, type ErrorCatalogueEntry, errorMaker } from '@clinstream/runtime/errors';

const { ambiguous, dependency, message } = catalogued;

export const lisMllpErrors = {
  LIS_UNREACHABLE: dependency(
    'The laboratory system takes no connection. Nothing was sent.',
    'Bring it back, or correct LIS_HOST, LIS_PORT and LIS_TLS. Everything waits meanwhile.',
  ),
  LIS_OUTCOME_UNKNOWN: ambiguous(
    'A message left and no answer came, and the laboratory does not promise to take a repeat once (LIS_DEDUPLICATES). Only this order waits.',
    'Look the order up in the laboratory by its placer number. If it is not there, redeliver: the same bytes go again.',
  ),
  LIS_NO_ANSWER: message(
    'A message left and no answer came; the same bytes go again.',
    'Nothing, if it ends well. If it ends as needs review, look the order up in the laboratory, then redeliver.',
  ),
  LIS_NOT_NOW: message(
    'The laboratory turned a message away for now (ERR-3 206 or 207, or CE or AR without a condition).',
    'Nothing: it goes again a bounded number of times.',
  ),
  LIS_REFUSED_MESSAGE: message(
    'The laboratory refused a message for good; the ledger keeps its codes.',
    'Correct the order or the agreement with the laboratory, then redeliver.',
  ),
  LIS_REFUSED_ORDER: message('The laboratory will not do the order (UA).', 'Ask the laboratory; amend or cancel the order.'),
  LIS_REFUSED_AMENDMENT: message(
    'The laboratory will not change the order (UX): it stands there as it was.',
    'Ask the laboratory; cancel the order and place another if it must change.',
  ),
  LIS_ANSWER_OTHER_ORDER: ambiguous(
    'An answer to our message is about another order.',
    'A fault of the laboratory system. Look both orders up there.',
  ),
  LIS_ANSWER_OTHER_ENVIRONMENT: ambiguous(
    'An answer comes from another environment (MSH-11): a test system may have taken our order, or the reverse.',
    'Correct LIS_HOST, LIS_PORT or LIS_PROCESSING_ID, then redeliver.',
  ),
  LIS_ANSWER_UNEXPECTED: ambiguous(
    'An answer says something of the order that does not answer what was asked.',
    'Look the order up in the laboratory; the ledger keeps the codes.',
  ),
  LIS_TEXT_NOT_ENCODABLE: message(
    'The order has characters that LIS_CHARSET cannot say. Nothing was sent.',
    'Use UNICODE UTF-8 if the laboratory takes it, or amend the order.',
  ),
  LIS_PATIENT_KEY_UNUSABLE: message(
    'The order is of no patient we could name to the laboratory. Nothing was sent.',
    'Correct the order.',
  ),
  LIS_PRIORITY_UNKNOWN: message(
    'The order came with a priority we do not know. It is not sent as routine.',
    'Amend the order with a known priority.',
  ),
  LIS_URGENT_NOT_AGREED: message(
    'The order is urgent, and how to say so was not agreed with the laboratory (LIS_URGENT_CODE).',
    'Agree on it, or amend the priority.',
  ),
  LIS_PATIENT_MERGED: message(
    'The patient was merged into another before the laboratory was told of the order.',
    'Place the order again under the surviving patient.',
  ),
  LIS_INTERRUPTED: message('A stop or a lost lease cut the wait for an answer.', 'Nothing: it goes on after the restart.'),
} as const satisfies Readonly<Record<string, ErrorCatalogueEntry>>;

export type LisMllpCode = keyof typeof lisMllpErrors;

export const lisMllpError = errorMaker(lisMllpErrors, 'outbound');

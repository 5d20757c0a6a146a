/** The API's own problems, as data; those every HTTP service has come from the HTTP room. */
import { type ProblemError, problem } from '@clinstream/runtime/http';

export const apiProblems = {
  ANALYSIS_UNKNOWN: {
    status: 404,
    title: 'No such analysis',
    detail: 'There is no analysis of this id, and the log has been read far enough.',
  },
  ORDER_UNKNOWN: { status: 404, title: 'No such order', detail: 'There is no order of this id.' },
  PATIENT_UNKNOWN: { status: 404, title: 'No such patient', detail: 'Nothing is known of this patient key.' },
  MESSAGE_UNKNOWN: { status: 404, title: 'No such message', detail: 'There is no message of this id.' },
  MESSAGE_BYTES_GONE: { status: 410, title: 'Bytes gone', detail: 'The raw bytes of this message are no longer kept.' },
  POSITION_INVALID: { status: 400, title: 'Invalid position', detail: '`position` is not one a 202 answer gave.' },
  CURSOR_INVALID: { status: 400, title: 'Invalid cursor', detail: '`cursor` is not one a page gave.' },
} as const;

export function apiProblem(code: keyof typeof apiProblems): ProblemError {
  const { status, title, detail } = apiProblems[code];
  return problem(status, code, title, detail);
}

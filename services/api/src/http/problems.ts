/** The API's own problems, as data; those every HTTP service has come from the HTTP room. */
import { type ProblemError, type ProblemExtras, problem } from '@clinstream/runtime/http';

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
  REVIEW_NOT_COMPLETED: {
    status: 409,
    title: 'Nothing to review',
    detail: 'The analysis has no completed result at present; `current` says where it stands.',
  },
  REVIEW_NOT_CURRENT: {
    status: 409,
    title: 'Not the current result',
    detail:
      'Another result has taken the place of the one that was looked at; `current` names it. Look at that one and decide anew.',
  },
  REVIEW_STALE: {
    status: 409,
    title: 'Inputs no longer hold',
    detail: 'An input was corrected or withdrawn, `staleInputs` says which: the result can be rejected but not approved.',
  },
  DELIVERY_UNKNOWN: {
    status: 404,
    title: 'No such delivery',
    detail: 'Nothing is known of this subject in this target.',
  },
  REDELIVERY_UNBOUNDED: {
    status: 400,
    title: 'Without bounds',
    detail: 'Name one subject by `subjectKind` and `subjectId`, or say how old outcomes may be: `maxAgeHours`.',
  },
  REDELIVERY_TOO_MANY: {
    status: 409,
    title: 'Too many at once',
    detail: 'More subjects match than may be sent again at once; nothing was asked for. Narrow the filter.',
  },
  ALERT_UNKNOWN: { status: 404, title: 'No such alert', detail: 'There is no alert of this id.' },
  ALERT_ACKNOWLEDGED: {
    status: 409,
    title: 'Already acknowledged',
    detail: 'Somebody has acknowledged this alert; `by` and `at` say who and when.',
  },
  KAFKA_UNAVAILABLE: {
    status: 503,
    title: 'Not confirmed by the log',
    detail: 'The log did not confirm in time; this may or may not have been accepted. Repeating it is safe.',
  },
  CURSOR_INVALID: { status: 400, title: 'Invalid cursor', detail: '`cursor` is not one a page gave.' },
} as const;

export function apiProblem(code: keyof typeof apiProblems, extras: ProblemExtras = {}): ProblemError {
  const { status, title, detail } = apiProblems[code];
  return problem(status, code, title, detail, extras);
}

/** A refusal as problem details, thrown by routes and embedded in the lines of a batch. */
import { type ProblemError, problem } from '@clinstream/runtime/http';
import type { Refusal } from './refusal.ts';

export const problemOf = ({ status, code, title, detail, retryAfterSeconds, extras }: Refusal): ProblemError =>
  problem(status, code, title, detail, {
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(extras === undefined ? {} : { members: extras }),
  });

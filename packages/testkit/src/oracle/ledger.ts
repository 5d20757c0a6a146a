/** The oracle's book: what was sent, when, and which of it was acknowledged. Nothing else counts as promised. */
import type { Moment, SentJob, SentResult } from './types.ts';

/** How one try was answered: `ack`, or the status, code or error that was not one. */
export type Answer = { readonly at: Moment; readonly door: string; readonly answer: string; readonly sentAt: Moment };

type Open<S extends SentJob | SentResult> = Omit<S, 'acknowledgedAt'> & { readonly acknowledgedAt: null };

export type Ledger = {
  now(): Moment;
  /** Call at the first try, before the first byte leaves. */
  sendJob(job: Open<SentJob>): void;
  sendResult(result: Open<SentResult>): void;
  acknowledgeJob(orderId: string, position: string | null): void;
  acknowledgeResult(observationId: string, version: number): void;
  answered(answer: Omit<Answer, 'at'>): void;
  jobs(): readonly SentJob[];
  results(): readonly SentResult[];
  answers(): readonly Answer[];
};

export function createLedger(): Ledger {
  const began = performance.now();
  const now = (): Moment => performance.now() - began;
  const jobs = new Map<string, SentJob>();
  const results = new Map<string, SentResult>();
  const answers: Answer[] = [];
  const nameOf = (id: string, version: number): string => `${id} ${version}`;
  return {
    now,
    sendJob: (job) => void jobs.set(job.orderId, job),
    sendResult: (result) => void results.set(nameOf(result.observationId, result.version), result),
    acknowledgeJob(orderId, position) {
      const job = jobs.get(orderId);
      if (job) jobs.set(orderId, { ...job, acknowledgedAt: now(), position });
    },
    acknowledgeResult(observationId, version) {
      const result = results.get(nameOf(observationId, version));
      if (result) results.set(nameOf(observationId, version), { ...result, acknowledgedAt: now() });
    },
    answered: (answer) => void answers.push({ ...answer, at: now() }),
    jobs: () => [...jobs.values()],
    results: () => [...results.values()],
    answers: () => answers,
  };
}

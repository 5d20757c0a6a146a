/** The oracle's book: what was sent, when, and which of it was acknowledged. Nothing else counts as promised. */
import type { Moment, SentJob, SentMerge, SentPerson, SentResult } from './types.ts';

/** How one try was answered: `ack`, or the status, code or error that was not one. */
export type Answer = { readonly at: Moment; readonly door: string; readonly answer: string; readonly sentAt: Moment };

type Open<S extends SentJob | SentResult | SentPerson | SentMerge> = Omit<S, 'acknowledgedAt'> & {
  readonly acknowledgedAt: null;
};

export type Ledger = {
  now(): Moment;
  /** Call at the first try, before the first byte leaves. */
  sendJob(job: Open<SentJob>): void;
  sendResult(result: Open<SentResult>): void;
  sendPerson(person: Open<SentPerson>): void;
  sendMerge(merge: Open<SentMerge>): void;
  acknowledgeJob(orderId: string, position: string | null): void;
  acknowledgeResult(observationId: string, version: number): void;
  acknowledgePerson(patientKey: string, version: number): void;
  acknowledgeMerge(patientKey: string): void;
  answered(answer: Omit<Answer, 'at'>): void;
  jobs(): readonly SentJob[];
  results(): readonly SentResult[];
  people(): readonly SentPerson[];
  merges(): readonly SentMerge[];
  answers(): readonly Answer[];
};

export function createLedger(): Ledger {
  const began = performance.now();
  const now = (): Moment => performance.now() - began;
  const jobs = new Map<string, SentJob>();
  const results = new Map<string, SentResult>();
  const people = new Map<string, SentPerson>();
  const merges = new Map<string, SentMerge>();
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
    sendPerson: (person) => void people.set(nameOf(person.patientKey, person.version), person),
    sendMerge: (merge) => void merges.set(merge.patientKey, merge),
    acknowledgePerson(patientKey, version) {
      const person = people.get(nameOf(patientKey, version));
      if (person) people.set(nameOf(patientKey, version), { ...person, acknowledgedAt: now() });
    },
    acknowledgeMerge(patientKey) {
      const merge = merges.get(patientKey);
      if (merge) merges.set(patientKey, { ...merge, acknowledgedAt: now() });
    },
    answered: (answer) => void answers.push({ ...answer, at: now() }),
    jobs: () => [...jobs.values()],
    results: () => [...results.values()],
    people: () => [...people.values()],
    merges: () => [...merges.values()],
    answers: () => answers,
  };
}

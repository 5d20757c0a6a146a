/**
 * A mixed load at a bounded rate: senders that each own a patient or two and send one thing after another, as hospital systems do: HTTP one by
 * one, HTTP batches, MLLP orders and results, ADT registrations, updates and merges. What is not acknowledged is sent again under the same
 * name, as a good sender does, and given up after some tries.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Lane, lanes } from '@clinstream/contracts';
import { type HttpDoor, openMllp, postAnalysis, postBatch } from './doors.ts';
import type { Ledger } from './ledger.ts';
import { createAdtSender } from './load-adt.ts';
import {
  analysisBody,
  type Case,
  type Cases,
  type Hl7Text,
  mllpOrderId,
  orderMessage,
  patientKeyFor,
  resultId,
  resultMessage,
} from './payloads.ts';
import { createRandom, type Random } from './random.ts';

export type LoadOptions = {
  /** Part of every name of this run. */
  readonly run: string;
  readonly seed: number;
  /** Jobs and results per second, all doors together, while all goes well. */
  readonly rate: number;
  readonly http: HttpDoor;
  readonly mllpPort: number;
  readonly cases: Cases;
  readonly ledger: Ledger;
  /** Tries per thing; default 8. */
  readonly tries?: number;
};

export type Load = {
  /** Patients of all senders, as the API names them. */
  readonly patients: readonly string[];
  /** No new things; resolves when those under way are acknowledged or given up. */
  stop(): Promise<void>;
};

const httpSenders = 10;
const batchSenders = 2;
const batchLines = 8;
const batchPatients = 4;
const mllpSenders = 6;
const adtSenders = 2;
/** Shares of the rate: half HTTP, a quarter batches, a fifth MLLP orders and results, the rest ADT. */
const pauses = ({ rate }: LoadOptions) => ({
  http: (httpSenders / (rate * 0.5)) * 1000,
  batch: ((batchSenders * batchLines) / (rate * 0.25)) * 1000,
  mllp: (mllpSenders / (rate * 0.2)) * 1000,
  adt: (adtSenders / (rate * 0.05)) * 1000,
});

export type Sender = { readonly patients: readonly string[]; readonly pauseMs: number; sendNext(): Promise<void>; close(): void };

export function startLoad(options: LoadOptions): Load {
  const pause = pauses(options);
  const random = (index: number): Random => createRandom(options.seed * 1000 + index);
  const senders = [
    ...numbers(httpSenders).map((index) => httpSender(options, index, random(index), pause.http)),
    ...numbers(batchSenders).map((index) => batchSender(options, index, random(100 + index), pause.batch)),
    ...numbers(mllpSenders).map((index) => mllpSender(options, index, random(200 + index), pause.mllp)),
    ...numbers(adtSenders).map((index) => createAdtSender({ ...options, index, pauseMs: pause.adt, insist })),
  ];
  const stopping = new AbortController();
  const running = senders.map((sender) => keepSending(sender, stopping.signal));
  return {
    patients: senders.flatMap((sender) => sender.patients),
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

async function keepSending(sender: Sender, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    const began = performance.now();
    await sender.sendNext();
    const rest = sender.pauseMs - (performance.now() - began);
    if (rest > 0) await delay(rest, undefined, { signal: stopping }).catch(() => {});
  }
  sender.close();
}

/** Until acknowledged, refused for good, or `tries` are over. */
async function insist(tries: number, send: () => Promise<string>): Promise<void> {
  for (let attempt = 1; attempt <= tries; attempt++) {
    const answer = await send();
    if (answer === 'ack' || isRefusal(answer)) return;
    await delay(Math.min(500, 100 * attempt));
  }
}

/** Sending it again would be refused again. Condition 207 is the receiver's own trouble, which an AR may tell of as well. */
export const isRefusal = (answer: string): boolean => /^4(?!29)\d\d|^(AE|AR|CR)(?! 207)/.test(answer);

type NewJob = {
  readonly door: 'http' | 'batch' | 'mllp';
  readonly orderId: string;
  readonly patientId: string;
  readonly lane: Lane;
  readonly case: Case;
};

function book({ ledger }: LoadOptions, { door, orderId, patientId, lane, case: { label, probability } }: NewJob): void {
  ledger.sendJob({
    door,
    orderId,
    lane,
    patientKey: patientKeyFor(patientId),
    expected: { label, probability },
    position: null,
    firstSentAt: ledger.now(),
    acknowledgedAt: null,
  });
}

function httpSender(options: LoadOptions, index: number, random: Random, pauseMs: number): Sender {
  const { run, cases, ledger, http } = options;
  const patientId = `${run}-h${index}`;
  let count = 0;
  return {
    patients: [patientKeyFor(patientId)],
    pauseMs,
    close: () => {},
    async sendNext() {
      const job: NewJob = {
        door: 'http',
        orderId: `${patientId}-${++count}`,
        patientId,
        lane: random.pick(lanes),
        case: random.pick(cases.cases),
      };
      const body = analysisBody({ ...job, features: job.case.features }, cases.manifest);
      book(options, job);
      await insist(options.tries ?? 8, async () => {
        const sentAt = ledger.now();
        const told = await postAnalysis(http, job.orderId, body);
        ledger.answered({ door: 'http', answer: told.answer, sentAt });
        if (told.answer === 'ack') ledger.acknowledgeJob(job.orderId, told.position);
        return told.answer;
      });
    },
  };
}

function batchSender(options: LoadOptions, index: number, random: Random, pauseMs: number): Sender {
  const { run, cases, ledger, http } = options;
  const patientIds = numbers(batchPatients).map((patient) => `${run}-b${index}p${patient}`);
  let count = 0;
  return {
    patients: patientIds.map(patientKeyFor),
    pauseMs,
    close: () => {},
    async sendNext() {
      const batch = `${run}-b${index}-${++count}`;
      const jobs = numbers(batchLines).map((line): NewJob => {
        const patientId = patientIds[line % batchPatients] ?? '';
        return {
          door: 'batch',
          orderId: `${batch}-${line}`,
          patientId,
          lane: random.pick(lanes),
          case: random.pick(cases.cases),
        };
      });
      for (const job of jobs) book(options, job);
      const open = new Map(
        jobs.map((job) => [job.orderId, analysisBody({ ...job, features: job.case.features }, cases.manifest)]),
      );
      await insist(options.tries ?? 8, async () => {
        const sentAt = ledger.now();
        await postBatch(http, new Map(open), (reference, told) => {
          ledger.answered({ door: 'batch', answer: told.answer, sentAt });
          if (told.answer === 'ack') ledger.acknowledgeJob(reference, told.position);
          if (told.answer === 'ack' || isRefusal(told.answer)) open.delete(reference);
        });
        return open.size === 0 ? 'ack' : 'some are open';
      });
    },
  };
}

/** Every third message is the next version of the patient's one result, the others are orders. */
function mllpSender(options: LoadOptions, index: number, random: Random, pauseMs: number): Sender {
  const { run, cases, ledger } = options;
  const patientId = `${run}-m${index}`;
  const line = openMllp(options.mllpPort, options.http.timeoutMs);
  let count = 0;
  let version = 0;
  // Half of the senders want accept acknowledgements (CA, CE), the others application acknowledgements (AA, AE, AR).
  const isEnhanced = index % 2 === 0;
  const deliver = async (message: Buffer, acknowledged: () => void): Promise<void> =>
    insist(options.tries ?? 8, async () => {
      const sentAt = ledger.now();
      const answer = await line.send(message);
      ledger.answered({ door: 'mllp', answer, sentAt });
      if (answer === 'ack') acknowledged();
      return answer;
    });
  const sendOrder = async (text: Hl7Text): Promise<void> => {
    const lane = random.pick(lanes);
    const one = random.pick(cases.cases);
    const orderId = mllpOrderId(text.controlId);
    book(options, { door: 'mllp', orderId, patientId, lane, case: one });
    const message = orderMessage({ ...text, number: text.controlId, lane }, one.features, cases.manifest);
    await deliver(message, () => ledger.acknowledgeJob(orderId, null));
  };
  const sendResult = async (text: Hl7Text): Promise<void> => {
    const observationId = resultId(patientId);
    const next = ++version;
    ledger.sendResult({
      door: 'mllp',
      observationId,
      patientKey: patientKeyFor(patientId),
      version: next,
      value: next,
      firstSentAt: ledger.now(),
      acknowledgedAt: null,
    });
    await deliver(resultMessage({ ...text, number: patientId, version: next }), () =>
      ledger.acknowledgeResult(observationId, next),
    );
  };
  return {
    patients: [patientKeyFor(patientId)],
    pauseMs,
    close: line.close,
    async sendNext() {
      const text = { controlId: `${patientId}-${++count}`, patientId, time: new Date(), isEnhanced };
      await (count % 3 === 0 ? sendResult(text) : sendOrder(text));
    },
  };
}

/** One fault on one rig: load, break, heal, a fresh event within bounds, settle, judge. */
import { setTimeout as delay } from 'node:timers/promises';
import { lanes } from '@clinstream/contracts';
import { waitFor } from '@clinstream/testkit';
import {
  analysisBody,
  type Cases,
  createLedger,
  createRandom,
  type Evidence,
  formatFindings,
  isRefusal,
  judge,
  type Ledger,
  patientKeyFor,
  postAnalysis,
  type SeenJob,
  type SeenPerson,
  type Snapshot,
  startLoad,
  startWatcher,
  type Verdict,
} from '@clinstream/testkit/oracle/index';
import type { Fault, FaultContext, FaultResult } from './fault.ts';
import { cutLanes, logEnds, type Places, readLog } from './read-log.ts';
import type { Rig } from './rig.ts';

/** Session timeout, and as much again for everything else. */
export const freshWithinMs = 20_000;
const settleWithinMs = 60_000;

export type RunOptions = {
  readonly rig: Rig;
  readonly fault: Fault;
  readonly seed: number;
  readonly rate: number;
  /** Names of this run start with it; no two runs on a rig share one. */
  readonly run: string;
  readonly cases: Cases;
  /** What earlier runs on the rig have sent; this one adds its own. */
  readonly foreign: Set<string>;
};

export async function runFault(options: RunOptions): Promise<FaultResult> {
  const { rig, fault, run } = options;
  const began = performance.now();
  const problems: string[] = [];
  const notes: string[] = [];
  const result = (verdict: Verdict | null, recoveryMs: number | null): FaultResult => ({
    ...{ name: fault.name, verdict, recoveryMs, problems, notes },
    seconds: Math.round((performance.now() - began) / 1000),
  });
  await rig.whenWell();
  const ledger = createLedger();
  const startedAt = Date.now();
  const from = await logEnds(rig);
  const load = startLoad({ ...options, rate: fault.rate ?? options.rate, http: rig.http, mllpPort: rig.mllpPort, ledger });
  const watcher = startWatcher(rig.reader, load.patients, ledger.now);
  const context = contextOf(options, ledger, problems, notes);
  try {
    await context.until(
      'the load is acknowledged',
      () => ledger.jobs().filter((job) => job.acknowledgedAt !== null).length > 60,
      30_000,
    );
    await fault.inject(context).catch((error: Error) => problems.push(`${error.message}`));
    const healedAt = ledger.now();
    if (fault.rules?.endsRefusing) {
      await Promise.all([load.stop(), watcher.stop()]);
      return result(null, null);
    }
    const recoveryMs = await timeToFresh(options, ledger).catch((error: Error) => {
      problems.push(error.message);
      return null;
    });
    await delay(1_500);
    await load.stop();
    await settle(rig, ledger, startedAt, fault.rules?.settleMs ?? settleWithinMs);
    const snapshots = (await watcher.stop()).filter(({ at }) => !fault.rules?.readersMaySeeBack || at > healedAt);
    const evidence = await gather(options, { ledger, startedAt, from, snapshots, patients: load.patients, run });
    const verdict = judge(evidence, fault.rules);
    await complain(fault, verdict, context, problems);
    problems.push(...unexpectedAnswers(ledger));
    return result(verdict, recoveryMs);
  } finally {
    await Promise.all([load.stop(), watcher.stop()]);
    for (const sent of [...ledger.jobs().map((job) => job.orderId), ...ledger.results().map((one) => one.observationId)])
      options.foreign.add(sent);
  }
}

function contextOf({ rig, seed, foreign }: RunOptions, ledger: Ledger, problems: string[], notes: string[]): FaultContext {
  return {
    rig,
    random: createRandom(seed),
    now: ledger.now,
    sleep: (ms) => delay(ms),
    until: async (what, condition, deadlineMs = 30_000) => void (await waitFor(condition, { what, deadlineMs })),
    answers: ledger.answers,
    sends: (orderIds) => {
      for (const orderId of orderIds) foreign.add(orderId);
    },
    complain: (what) => void problems.push(what),
    note: (what) => void notes.push(what),
  };
}

async function complain(fault: Fault, verdict: Verdict, context: FaultContext, problems: string[]): Promise<void> {
  const counted = await fault.rules?.countedLosses?.(context);
  if (counted === undefined) {
    problems.push(...formatFindings(verdict));
    return;
  }
  const { lost, ...others } = verdict.found;
  context.note(`${lost.length} lost, ${counted} counted and alarmed`);
  if (lost.length > counted || counted === 0) problems.push(`lost ${lost.length}, but counted only ${counted}`);
  problems.push(...formatFindings({ ...verdict, found: { ...others, lost: [] } }));
}

/** Answers that blame the sender: every payload of the load is good. */
function unexpectedAnswers(ledger: Ledger): readonly string[] {
  const refused = ledger.answers().filter(({ answer }) => isRefusal(answer) || answer === 'unreadable');
  const counts = Object.entries(Object.groupBy(refused, ({ door, answer }) => `${door} answered ${answer}`));
  return counts.map(([what, all]) => `${what} ${all?.length} times`);
}

const freshPatients = 6;

/** Jobs for every lane and several partitions, sent from now on until acknowledged: milliseconds until all of them are seen completed. */
async function timeToFresh({ rig, run, cases }: RunOptions, ledger: Ledger): Promise<number> {
  const began = ledger.now();
  const probes = lanes.flatMap((lane) => Array.from({ length: freshPatients }, (_, patient) => ({ lane, patient })));
  const times = probes.map(async ({ lane, patient }) => {
    const one = cases.cases[patient];
    if (one === undefined) throw new Error('too few cases');
    const patientId = `${run}-f${patient}`;
    const orderId = `${patientId}-${lane}`;
    const expected = { label: one.label, probability: one.probability };
    const name = { door: 'http', orderId, lane, patientKey: patientKeyFor(patientId), expected } as const;
    ledger.sendJob({ ...name, position: null, firstSentAt: ledger.now(), acknowledgedAt: null });
    const body = analysisBody({ orderId, patientId, lane, features: one.features }, cases.manifest);
    let jobId: string | null = null;
    let seen = 'not acknowledged';
    const fresh = async (): Promise<boolean> => {
      if (jobId === null) {
        const told = await postAnalysis(rig.http, orderId, body);
        if (told.answer !== 'ack') return false;
        ledger.acknowledgeJob(orderId, told.position);
        jobId = told.jobId;
        return false;
      }
      seen = (await rig.reader.statusOf(jobId, 2)) ?? 'unknown';
      return seen === 'completed';
    };
    await waitFor(fresh, { deadlineMs: freshWithinMs, what: 'fresh', everyMs: 40 }).catch(() => {
      throw new Error(`a fresh ${lane} job is ${seen} after ${freshWithinMs} ms`);
    });
    return ledger.now() - began;
  });
  const settled = await Promise.allSettled(times);
  const late = settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).message] : []));
  if (late.length > 0) throw new Error(`${late.length} of ${probes.length}: ${late[0]}`);
  return Math.max(...settled.map((one) => (one.status === 'fulfilled' ? one.value : 0)));
}

const isOpen = (job: SeenJob): boolean => ['pending', 'queued', 'running'].includes(job.status);

/** Until everything acknowledged is there and nothing that is there is still under way; what is not by then, the judge tells. */
async function settle(rig: Rig, ledger: Ledger, startedAt: number, deadlineMs: number): Promise<void> {
  const isSettled = async (): Promise<boolean> => {
    const seen = await rig.reader.allJobs(startedAt - 1_000);
    const there = new Set(seen.filter((job) => !isOpen(job)).map((job) => job.orderId));
    return !seen.some(isOpen) && ledger.jobs().every((job) => job.acknowledgedAt === null || there.has(job.orderId));
  };
  await waitFor(isSettled, { deadlineMs, what: 'settled', everyMs: 500 }).catch(() => {});
  // Results have no end to wait for: they are there once the sink has read what was acknowledged, and it reads all topics alike.
  await delay(1_000);
}

type Gathered = {
  readonly ledger: Ledger;
  readonly startedAt: number;
  readonly from: Places;
  readonly snapshots: readonly Snapshot[];
  readonly patients: readonly string[];
  readonly run: string;
};

async function gather({ rig, foreign }: RunOptions, got: Gathered): Promise<Evidence> {
  const finalJobs = await rig.reader.allJobs(got.startedAt - 1_000);
  const orderOf = new Map(finalJobs.map((job) => [job.jobId, job.orderId ?? '']));
  const log = await readLog(rig, got.from);
  const results = await Promise.all(
    got.patients.filter((patient) => /-m\d+$/.test(patient)).map((patient) => rig.reader.patientResults(patient)),
  );
  return {
    jobs: got.ledger.jobs(),
    results: got.ledger.results(),
    finalJobs,
    people: got.ledger.people(),
    merges: got.ledger.merges(),
    finalResults: results.flat(),
    finalPeople: await seenPeople(rig, got.ledger),
    shownOrders: await shownOrders(rig, got.ledger),
    snapshots: got.snapshots,
    endsInLog: log.ends.map((partition) => partition.flatMap((jobId) => orderOf.get(jobId) ?? [])),
    cutLanes: await cutLanes(rig, got.from),
    progressOf: log.more,
    foreign,
  };
}

async function seenPeople({ reader }: Rig, ledger: Ledger): Promise<readonly SeenPerson[]> {
  const seen: SeenPerson[] = [];
  for (const patientKey of new Set([...ledger.people(), ...ledger.merges()].map((one) => one.patientKey))) {
    const person = await reader.person(patientKey);
    if (person !== null) seen.push(person);
  }
  return seen;
}

/** Asked some at a time: a crowd of readers is no part of the fault. */
async function shownOrders(rig: Rig, ledger: Ledger): Promise<ReadonlySet<string>> {
  const shown = new Set<string>();
  const asked = ledger.jobs().filter((job) => job.door === 'mllp' && job.acknowledgedAt !== null);
  for (let from = 0; from < asked.length; from += 10) {
    const some = asked.slice(from, from + 10).map(async ({ orderId }) => {
      if (await rig.reader.isOrderShown(orderId)) shown.add(orderId);
    });
    await Promise.all(some);
  }
  return shown;
}

/**
 * Writes the plans of one patient as transactions until every one has a verdict.
 *
 *   transaction ──written──> delivered
 *      ├─ 409, 412 ──> look at what stands there, overwrite only what is ours, again (at most `maxRounds`)
 *      ├─ 400, 413, 422 ──> halve until the bad one stands alone: rejected, with what the server said of it; the others are written
 *      └─ anything else, or no reply ──> the server's fault: throws, everybody waits · this patient's: halve, and the one that is left retries
 *
 * Promise: what was written is in no second transaction of this call; order within the patient holds across the halves; a resource that is not
 * ours is never overwritten. Safe to repeat whole at any point: a PUT to the same id under the version last seen.
 * Throws retryable/dependency errors only.
 */
import { AppError, type BackOff, backOffDelay } from '@clinstream/runtime/errors';
import type { Verdict } from '../delivery/target.ts';
import { type Answer, answerOf } from './answer.ts';
import type { Blame } from './blame.ts';
import { entriesOf, transactionOf } from './bundle.ts';
import type { FhirClient } from './client.ts';
import { type FhirErrorCode, fhirError } from './errors.ts';
import { type Judgement, judge, lookUp } from './look.ts';
import { type Entry, type Plan, type Standing, settledVerdict } from './plan.ts';

/** What is worth counting: transactions refused or halved, resources written or left out. */
export type Counted = 'conflict' | 'split' | 'written' | 'unchanged';

export type SendDeps = {
  readonly client: FhirClient;
  readonly blame: Blame;
  readonly patientKey: string;
  readonly signal: AbortSignal;
  readonly random: () => number;
  readonly count: (what: Counted, by: number) => void;
};

/** One call's knowledge: what stands on the server, what this call sent, and how each plan ended. */
export type Desk = {
  readonly known: Map<string, Standing>;
  readonly sent: Set<string>;
  readonly verdicts: Map<Plan, Verdict>;
};

const maxRounds = 3;
const retryBackOff: BackOff = { baseMs: 1_000, maxMs: 60_000 };
const lookWidth = 8;

type Failure = Extract<Answer, { kind: 'odd' | 'invalid' }> | { readonly kind: 'odd'; readonly code: FhirErrorCode };

/** `unsure`: nobody knows what stands there of them, so look first. */
export async function sendPlans(plans: readonly Plan[], desk: Desk, unsure: boolean, deps: SendDeps): Promise<void> {
  let mustLook = unsure;
  for (let round = 1; round <= maxRounds; round++) {
    if (mustLook) await lookAt(plans, desk, deps);
    const open = plans.filter((plan) => !desk.verdicts.has(plan));
    const answer = await transact(open, desk, deps);
    if (answer.kind === 'written') return settle(open, desk);
    if (answer.kind !== 'conflict') return await isolate(open, desk, answer, deps);
    deps.count('conflict', 1);
    mustLook = true;
  }
  await isolate(
    plans.filter((plan) => !desk.verdicts.has(plan)),
    desk,
    { kind: 'odd', code: 'FHIR_CONFLICT' },
    deps,
  );
}

function settle(plans: readonly Plan[], desk: Desk): void {
  for (const plan of plans) desk.verdicts.set(plan, settledVerdict(plan, desk.known, desk.sent));
}

type Transacted = Answer | { readonly kind: 'odd'; readonly code: FhirErrorCode };

async function transact(plans: readonly Plan[], desk: Desk, deps: SendDeps): Promise<Transacted> {
  const entries = entriesOf(plans, desk.known);
  if (entries.length === 0) return { kind: 'written', versions: new Map() };
  const { client, signal } = deps;
  try {
    const body = transactionOf(entries, client.baseUrl);
    const answer = answerOf(await client.send({ method: 'POST', path: '', body, minimal: true, signal }), entries);
    if (answer.kind === 'written') learn(entries, answer.versions, desk, deps);
    return answer;
  } catch (error) {
    return { kind: 'odd', code: ambiguousCode(error) };
  }
}

/** The code of an error that leaves this patient's write in doubt; the server's own troubles are thrown on. */
function ambiguousCode(error: unknown): FhirErrorCode {
  if (error instanceof AppError && (error.kind === 'ambiguous' || error.code === 'FHIR_UNEXPECTED_STATUS'))
    return error.code as FhirErrorCode;
  throw error;
}

function learn(entries: readonly Entry[], versions: ReadonlyMap<string, string | null>, desk: Desk, { blame }: SendDeps): void {
  blame.clear();
  for (const { key, digest } of entries) {
    desk.known.set(key, { version: versions.get(key) ?? null, digest });
    desk.sent.add(key);
  }
}

/** Halves them, in order, or gives the one that is left its verdict. */
async function isolate(plans: readonly Plan[], desk: Desk, failure: Failure, deps: SendDeps): Promise<void> {
  if (failure.kind === 'odd' && failure.code !== 'FHIR_CONFLICT') await askWhoseFault(deps);
  const [only] = plans;
  if (only === undefined) return;
  if (plans.length === 1) {
    desk.verdicts.set(only, failedVerdict(only, failure, deps));
    return;
  }
  deps.count('split', 1);
  const middle = Math.ceil(plans.length / 2);
  for (const half of [plans.slice(0, middle), plans.slice(middle)]) await sendPlans(half, desk, failure.kind === 'odd', deps);
}

async function askWhoseFault({ blame, patientKey, signal }: SendDeps): Promise<void> {
  if ((await blame.decide(patientKey, signal)) === 'server')
    throw fhirError(signal.aborted ? 'FHIR_STOPPING' : 'FHIR_SERVER_ERROR');
}

function failedVerdict(plan: Plan, failure: Failure, { random }: SendDeps): Verdict {
  if (failure.kind === 'invalid')
    return { outcome: 'rejected', code: 'FHIR_INVALID', acknowledgement: `${failure.status}`, detail: failure.detail };
  return { outcome: 'retry', code: failure.code, afterMs: backOffDelay(retryBackOff, plan.work.attempts + 1, random()) };
}

/** Brings `desk.known` up to date; plans that would overwrite what they must not get their verdict. */
export async function lookAt(plans: readonly Plan[], desk: Desk, deps: SendDeps): Promise<void> {
  const entries = entriesOf(plans, desk.known);
  for (let at = 0; at < entries.length; at += lookWidth) {
    await Promise.all(entries.slice(at, at + lookWidth).map((entry) => lookAtOne(entry, plans, desk, deps)));
  }
}

async function lookAtOne(entry: Entry, plans: readonly Plan[], desk: Desk, deps: SendDeps): Promise<void> {
  const { client, signal } = deps;
  const owners = plans.filter((plan) => plan.changed.some(({ key }) => key === entry.key));
  const found = await lookUp(client, entry.key, signal).catch((error: unknown) => ambiguousCode(error));
  if (typeof found === 'string') {
    await askWhoseFault(deps);
    for (const plan of owners) desk.verdicts.set(plan, failedVerdict(plan, { kind: 'odd', code: found }, deps));
    return;
  }
  const force = owners.some((plan) => plan.work.force);
  applyJudgement(entry, judge(entry, found, force), owners, desk);
}

/** `owners` render that resource: what must not be overwritten ends them all. */
export function applyJudgement(entry: Entry, judgement: Judgement, owners: readonly Plan[], desk: Desk): void {
  switch (judgement.kind) {
    case 'same':
      desk.known.set(entry.key, { version: judgement.version, digest: entry.digest });
      return;
    case 'write':
      desk.known.set(entry.key, { version: judgement.ifMatch, digest: null });
      return;
    case 'refuse':
      for (const plan of owners)
        desk.verdicts.set(plan, { outcome: 'needs_review', code: judgement.code, acknowledgement: null, detail: null });
  }
}

/**
 * Tells the FHIR server about all waiting works of one patient: renders, leaves out what stands there already, and writes the rest in
 * transactions of a bounded size. One verdict per work, in order. Throws retryable/dependency errors when the server is away or troubled; any
 * other error is this patient's alone and counts as a failed try of all of it.
 */
import { AppError } from '@clinstream/runtime/errors';
import type { DeliveryContext, Verdict, Work } from '../delivery/target.ts';
import type { Blame } from './blame.ts';
import { entriesOf } from './bundle.ts';
import type { FhirClient } from './client.ts';
import { fhirError } from './errors.ts';
import { type FindForeignRequest, polledOrderOf, referToForeign } from './foreign-requests.ts';
import { type JsonRecord, textIn } from './json.ts';
import { type Found, judge } from './look.ts';
import type { PatientFinder, PatientFound } from './patients.ts';
import { type Plan, planOf, type Rendered, readMemo, type Standing, settledVerdict } from './plan.ts';
import { applyJudgement, type Desk, lookAt, type SendDeps, sendPlans } from './send.ts';
import type { Validator } from './validate.ts';

export type DeliverDeps = {
  readonly client: FhirClient;
  readonly blame: Blame;
  readonly patients: PatientFinder;
  /** Null: nothing is asked beforehand. */
  readonly validator: Validator | null;
  readonly render: (work: Work, patientReference: string | null) => Rendered;
  readonly findForeignRequest: FindForeignRequest;
  readonly random: () => number;
  readonly count: SendDeps['count'];
};

/** Servers and their logs stay within reason; a patient's backlog may be long. */
const maxEntries = 100;

export async function deliverWorks(
  works: readonly Work[],
  context: DeliveryContext,
  deps: DeliverDeps,
): Promise<readonly Verdict[]> {
  const [first] = works;
  if (first === undefined) return [];
  const sending: SendDeps = { ...deps, patientKey: first.patientKey, signal: context.signal };
  const standing = standingPatient(works);
  const desk: Desk = { known: new Map(standing === null ? [] : [standing]), sent: new Set(), verdicts: new Map() };
  const find = () => deps.patients.find(first.patientKey, context.signal);
  const patient: PatientFound = standing === null ? await oddIsAsked(find, sending) : { kind: 'ours', found: null };
  if (patient.kind === 'ambiguous') return works.map(() => needsReview('FHIR_PATIENT_AMBIGUOUS'));

  const ended = new Map<Work, Verdict>();
  const plans: Plan[] = [];
  for (const work of works) plans.push(...(await planned(work, patient, deps, ended)));
  if (patient.kind === 'ours' && patient.found !== null) noteOwnPatient(plans, patient.found, desk);
  await settleWithoutSending(plans, deps.validator, desk, sending);
  await writeGroups(plans, context, desk, sending);

  rememberOwnPatient(plans, first.patientKey, desk, deps.patients);
  countResources(plans, desk, deps.count);
  for (const [plan, verdict] of desk.verdicts) ended.set(plan.work, verdict);
  return works.map((work) => ended.get(work) ?? needsReview('FHIR_RENDER_FAILED'));
}

/** What stands there already, and what the server's own validation refuses. */
async function settleWithoutSending(
  plans: readonly Plan[],
  validator: Validator | null,
  desk: Desk,
  deps: SendDeps,
): Promise<void> {
  for (const plan of plans) {
    if (desk.verdicts.has(plan)) continue;
    if (entriesOf([plan], desk.known).length === 0) desk.verdicts.set(plan, settledVerdict(plan, desk.known, desk.sent));
    else if (validator !== null) await validated(plan, validator, desk, deps);
  }
}

async function writeGroups(plans: readonly Plan[], context: DeliveryContext, desk: Desk, deps: SendDeps): Promise<void> {
  for (const group of groupsOf(plans.filter((plan) => !desk.verdicts.has(plan)))) {
    // Called together, they are one write of the ledger.
    await Promise.all(group.map((plan) => context.intend(plan.work, intentOf(plan))));
    const unanswered = group.filter(({ work }) => work.intent !== null);
    await lookAt(unanswered, desk, deps);
    await sendPlans(group, desk, false, deps);
  }
}

function countResources(plans: readonly Plan[], desk: Desk, count: SendDeps['count']): void {
  const keys = new Set(plans.flatMap((plan) => plan.all.map(({ key }) => key)));
  count('written', desk.sent.size);
  count('unchanged', [...keys].filter((key) => isStanding(key, plans, desk)).length);
}

const needsReview = (code: 'FHIR_PATIENT_AMBIGUOUS' | 'FHIR_RENDER_FAILED'): Verdict => ({
  outcome: 'needs_review',
  code,
  acknowledgement: null,
  detail: null,
});

/** One state that cannot be rendered must not hold up the patient's others. */
async function planned(
  work: Work,
  patient: PatientFound,
  { render, findForeignRequest }: DeliverDeps,
  ended: Map<Work, Verdict>,
): Promise<readonly Plan[]> {
  const polled = polledOrderOf(work);
  const foreign = polled === null ? null : await findForeignRequest(polled.orderId);
  try {
    const rendered = render(work, patient.kind === 'foreign' ? patient.reference : null);
    const settled = polled === null || foreign === null ? rendered : referToForeign(rendered, polled.orderId, foreign);
    return [planOf(work, settled)];
  } catch {
    ended.set(work, needsReview('FHIR_RENDER_FAILED'));
    return [];
  }
}

/** What is about to be written, by key: should nobody hear how it ended, it may stand there. */
const intentOf = (plan: Plan) => ({ digest: plan.digest, memo: { keys: plan.changed.map(({ key }) => key) } });

/** Our Patient as the ledger remembers it from any of these works: then nobody need be asked whether it is there. */
function standingPatient(works: readonly Work[]): readonly [string, Standing] | null {
  const remembered = works.flatMap((work) => Object.entries(readMemo(work.delivered?.memo ?? null).resources));
  return remembered.findLast(([key]) => key.startsWith('Patient/')) ?? null;
}

/** The Patient comes with every work and nearly always stands there already; others may have added to it. */
function noteOwnPatient(plans: readonly Plan[], found: Extract<Found, { kind: 'there' }>, desk: Desk): void {
  const key = `Patient/${textIn(found.resource, 'id')}`;
  const owners = plans.filter((plan) => plan.all.some((entry) => entry.key === key));
  for (const plan of owners) {
    for (const entry of plan.all) if (entry.key === key) applyJudgement(entry, judge(entry, found, false), owners, desk);
  }
}

/** It was not sent, and no verdict says it should have been. */
const isStanding = (key: string, plans: readonly Plan[], { sent, verdicts }: Desk): boolean =>
  !sent.has(key) &&
  plans.some((plan) => verdicts.get(plan)?.outcome === 'delivered' && plan.all.some((entry) => entry.key === key));

function rememberOwnPatient(plans: readonly Plan[], patientKey: string, { known, sent }: Desk, patients: PatientFinder): void {
  const written = plans
    .flatMap((plan) => plan.all)
    .findLast(
      ({ key, resource, digest }) => resource.resourceType === 'Patient' && sent.has(key) && known.get(key)?.digest === digest,
    );
  if (written !== undefined)
    patients.wrote(patientKey, { ...written.resource } as JsonRecord, known.get(written.key)?.version ?? null);
}

async function validated(plan: Plan, validator: Validator, desk: Desk, deps: SendDeps): Promise<void> {
  const problem = await oddIsAsked(() => validator.check(plan.changed, deps.signal), deps);
  if (problem !== null)
    desk.verdicts.set(plan, { outcome: 'rejected', code: 'FHIR_INVALID', acknowledgement: 'validate', detail: problem });
}

/** A question whose answer says nothing: the server's fault, or this patient's, whose tries are then counted by the dispatcher. */
async function oddIsAsked<T>(ask: () => Promise<T>, { blame, patientKey, signal }: SendDeps): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof AppError && error.kind === 'retryable' && error.scope === 'dependency') throw error;
    if ((await blame.decide(patientKey, signal)) === 'server') throw fhirError('FHIR_SERVER_ERROR', { cause: error });
    throw error instanceof AppError && error.kind === 'ambiguous' ? withoutDoubt(error) : error;
  }
}

/** A question has no effect: a lost answer leaves nothing in doubt that a person would have to look at, so it is asked again. */
const withoutDoubt = ({ code, stage, message, cause }: AppError): AppError =>
  new AppError({ code, kind: 'retryable', scope: 'message', stage, message, cause });

function groupsOf(plans: readonly Plan[]): readonly (readonly Plan[])[] {
  const groups: Plan[][] = [];
  let entries = maxEntries;
  for (const plan of plans) {
    if (entries + plan.changed.length > maxEntries) {
      groups.push([]);
      entries = 0;
    }
    groups.at(-1)?.push(plan);
    entries += plan.changed.length;
  }
  return groups;
}

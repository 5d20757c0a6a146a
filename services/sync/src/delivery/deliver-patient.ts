/**
 * One patient's waiting works, from the claim to the outcome. Every way it can end is one of:
 *   settled    the target gave verdicts (or failed in a way that counts as a try) and the ledger has them
 *   away       the target is away: nothing is counted, the patient waits
 *   ours       our own store or Kafka is away: the patient waits, the target is not to blame
 *   lost       another instance has the patient: nothing of ours counts any more
 *   ended      we are stopping
 * Never rejects.
 */
import { type AppError, backOffDelay, classify, dependencyBackOff, sleep } from '@clinstream/runtime/errors';
import type { EventProducer, OutgoingEvent } from '@clinstream/runtime/producer';
import { type Claim, type Ledger, type Settlement, type Unchanged, unchanged, type WaitingWork } from '../ledger/ledger.ts';
import type { DeliveryContext, Json, Target, Verdict, Work } from './target.ts';

export type Ending =
  | { readonly kind: 'settled'; readonly settlement: Settlement }
  | { readonly kind: 'away' | 'ours' | 'lost' | 'fatal'; readonly error: AppError }
  | { readonly kind: 'ended' | 'nothing' };

export type DeliverDeps = {
  readonly target: Target;
  readonly ledger: Ledger;
  readonly producer: Pick<EventProducer, 'publish'>;
};
/** Null: this patient must not be begun (any more). */
export type EnterGate = (signal: AbortSignal) => Promise<LeaveGate | null>;
/** Once the target has been told; with the error when it is away, for whoever comes next. */
export type LeaveGate = (away: AppError | null) => void;

/**
 * What is told is read behind the gate, so that it is current however long the wait was; what came of it is written down in front of it, and what
 * the target has to ask about somebody new is asked there.
 */
export async function deliverPatient(deps: DeliverDeps, claim: Claim, signal: AbortSignal, enter: EnterGate): Promise<Ending> {
  if (isNew(claim)) await deps.target.lookAhead?.(claim.patientKey).catch(() => {});
  const leave = await enter(signal);
  if (leave === null) return { kind: 'ended' };
  const told = await tell(deps, claim, signal);
  leave('kind' in told && told.kind === 'away' ? told.error : null);
  return 'kind' in told ? told : await record(deps.ledger, claim, told.works, told.verdicts, signal);
}

/** Nobody ever held it before. */
const isNew = ({ epoch }: Claim): boolean => epoch === 1;

type Told = { readonly works: readonly WaitingWork[]; readonly verdicts: readonly (Verdict | Unchanged)[] };

async function tell({ target, ledger, producer }: DeliverDeps, claim: Claim, signal: AbortSignal): Promise<Told | Ending> {
  const own = createOwnTrouble();
  try {
    const works = await own(ledger.works(claim));
    if (works.length === 0) return { kind: 'nothing' };
    const intend = createIntents((intents) => own(ledger.intend(claim, intents)));
    const publish: DeliveryContext['publish'] = async (event) => void (await own(producer.publish(event as OutgoingEvent)));
    const open = works.filter((work) => withoutAsking(work) === null);
    const verdicts = open.length === 0 ? [] : await verdictsOf(target, open, { signal, intend, publish }, own.isOwn);
    if (!Array.isArray(verdicts)) return endingOf(verdicts as AppError, own.isOwn, signal);
    const given = new Map(open.map((work, index) => [work, verdicts[index] as Verdict]));
    return { works, verdicts: works.map((work) => given.get(work) ?? withoutAsking(work) ?? unchanged) };
  } catch (cause) {
    return endingOf(classify(cause, 'outbound'), own.isOwn, signal);
  }
}

/**
 * The verdict of what the target is not told: what was refused or put to review and is rendered from the same still, and what is history to it.
 * A person who asks for it gets it.
 */
function withoutAsking({ refused, basis, force, isHistory, delivered, intent }: WaitingWork): Verdict | Unchanged | null {
  if (force) return null;
  if (refused === basis) return unchanged;
  return isHistory && intent === null && (delivered === null || delivered.code === history.code) ? history : null;
}
const history = { outcome: 'held', code: 'SYNC_BEFORE_FIRST_START' } as const satisfies Verdict;

/** What the target says of each; or the error that says nothing of any of them. */
async function verdictsOf(
  target: Target,
  works: readonly WaitingWork[],
  context: DeliveryContext,
  isOwn: (error: unknown) => boolean,
): Promise<readonly Verdict[] | AppError> {
  try {
    const verdicts = await target.deliver(works, context);
    if (verdicts.length === works.length) return verdicts;
    return works.map(() => retryLater('SYNC_VERDICT_MISSING'));
  } catch (cause) {
    if (context.signal.aborted || isOwn(cause)) return classify(cause, 'outbound');
    const error = classify(cause, 'outbound');
    if (error.kind === 'fatal' || isDependency(error)) return error;
    return works.map(() => failedTry(error));
  }
}

const isDependency = ({ kind, scope }: AppError): boolean => kind === 'retryable' && scope === 'dependency';

const retryLater = (code: string, afterMs = 0): Verdict => ({ outcome: 'retry', code, afterMs });

function failedTry({ kind, code, retryAfterMs }: AppError): Verdict {
  if (kind === 'poison') return { outcome: 'rejected', code, acknowledgement: null, detail: null };
  if (kind === 'ambiguous') return { outcome: 'needs_review', code, acknowledgement: null, detail: null };
  return retryLater(code, retryAfterMs ?? 0);
}

/**
 * The effect has happened: its outcome is written however long our store is away, unless somebody else takes over or we must end. What the
 * store refuses to take (a value no column holds) is written down without it, for a person to look at: sending it again would not help.
 */
async function record(
  ledger: Ledger,
  claim: Claim,
  works: readonly WaitingWork[],
  verdicts: readonly (Verdict | Unchanged)[],
  signal: AbortSignal,
): Promise<Ending> {
  let writing = verdicts;
  for (let tries = 1; ; tries++) {
    const result = await settleOnce(ledger, claim, works, writing);
    if (!isTrouble(result)) return result;
    if (result.error.kind !== 'retryable') {
      if (writing !== verdicts) return { kind: 'ours', error: result.error };
      writing = writing.map((verdict) => (verdict === unchanged ? unchanged : unwritable));
      continue;
    }
    if (signal.aborted) return { kind: 'ended' };
    await sleep(backOffDelay(dependencyBackOff, tries), signal);
  }
}

const unwritable: Verdict = {
  outcome: 'needs_review',
  code: 'SYNC_OUTCOME_UNWRITABLE',
  acknowledgement: null,
  detail: null,
  memo: null,
};

const isTrouble = (result: Ending | Trouble): result is Trouble => !('kind' in result);
type Trouble = { readonly error: AppError };

async function settleOnce(
  ledger: Ledger,
  claim: Claim,
  works: readonly WaitingWork[],
  verdicts: readonly (Verdict | Unchanged)[],
): Promise<Ending | Trouble> {
  try {
    return { kind: 'settled', settlement: await ledger.settle(claim, works, verdicts) };
  } catch (cause) {
    const error = classify(cause, 'sink');
    return error.code === 'SYNC_LEASE_LOST' ? { kind: 'lost', error } : { error };
  }
}

function endingOf(error: AppError, isOwn: (error: unknown) => boolean, signal: AbortSignal): Ending {
  if (error.code === 'SYNC_LEASE_LOST') return { kind: 'lost', error };
  if (signal.aborted) return { kind: 'ended' };
  if (error.kind === 'fatal') return { kind: 'fatal', error };
  return isOwn(error) || !isDependency(error) ? { kind: 'ours', error } : { kind: 'away', error };
}

/** Remembers which errors came from our own side, so that the target is not blamed for them. */
function createOwnTrouble() {
  const seen = new WeakSet<object>();
  const own = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      const error = classify(cause, 'outbound');
      seen.add(error);
      throw error;
    });
  const isOwn = (error: unknown): boolean => typeof error === 'object' && error !== null && seen.has(error);
  return Object.assign(own, { isOwn });
}

type PendingIntent = { readonly work: Work; readonly digest: string; readonly memo: Json };

/** Intents of one turn of the event loop are one write. */
function createIntents(write: (intents: readonly PendingIntent[]) => Promise<void>): DeliveryContext['intend'] {
  let pending: PendingIntent[] = [];
  let writing: Promise<void> | null = null;
  return (work, { digest, memo }) => {
    pending.push({ work, digest, memo });
    writing ??= Promise.resolve().then(() => {
      const intents = pending;
      pending = [];
      writing = null;
      return write(intents);
    });
    return writing;
  };
}

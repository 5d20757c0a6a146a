/**
 * What a verdict does to a row of the ledger, and which event tells of it. Pure.
 *
 *              a change, a redelivery                      verdict
 *   settled ──────────────────────────> waiting ─(intent)─────────────> delivered | held | rejected | needs_review
 *                                          ^                  │ retry, fewer than the most tries: later
 *                                          └──────────────────┘ retry, the last try: needs_review
 *
 * Invariants: the revision grows by one with every outcome that is news and never otherwise; a mark that came during the delivery keeps the
 * row waiting; the digest names what was last accepted, whatever was refused since; an intent goes only when its end is known.
 */
import { type DeliveryEvent, type DeliveryEventType, sha256 } from '@clinstream/contracts';
import type { SubjectKind } from './subject.ts';

export type Outcome = 'delivered' | 'held' | 'rejected' | 'needs_review';
type Json = unknown;

export type LedgerRow = {
  readonly kind: SubjectKind;
  readonly id: string;
  readonly mark: number;
  readonly force: boolean;
  readonly attempts: number;
  readonly outcome: Outcome | null;
  readonly digest: string | null;
  readonly remoteId: string | null;
  readonly remoteVersion: string | null;
  readonly acknowledgement: string | null;
  readonly code: string | null;
  readonly detail: Json;
  readonly memo: Json;
  /** Digest of what it was rendered from when it was last refused or put to review; null when it was not. */
  readonly refused: string | null;
  readonly outcomeAt: number | null;
  readonly revision: number;
};

/** The verdict of a target, as far as the ledger is concerned. */
export type LedgerVerdict = {
  readonly outcome: Outcome | 'retry' | 'unchanged';
  readonly sent?: boolean;
  readonly digest?: string;
  readonly remoteId?: string | null;
  readonly remoteVersion?: string | null;
  readonly acknowledgement?: string | null;
  readonly code?: string;
  readonly detail?: Json;
  readonly memo?: Json;
  readonly afterMs?: number;
};

export type SettleContext = {
  readonly target: 'fhir' | 'lis';
  readonly patientKey: string | null;
  /** The mark that the delivered state was read under. */
  readonly readMark: number;
  /** Digest of what it is rendered from. */
  readonly basis: string;
  readonly subjectVersion: number;
  readonly changedAt: number;
  readonly now: number;
  readonly random: number;
  readonly maxAttempts: number;
};

export type Settled = {
  readonly row: LedgerRow & { readonly waiting: boolean; readonly clearsIntent: boolean };
  /** From now; null: at once, should it wait. */
  readonly retryInMs: number | null;
  /** Null: no news. The last event is told again then, for whoever missed it. */
  readonly event: DeliveryEvent | null;
};

export const retryWait = { baseMs: 1_000, maxMs: 60_000 } as const;

export function settle(row: LedgerRow, verdict: LedgerVerdict, context: SettleContext): Settled {
  const markedAgain = row.mark !== context.readMark;
  if (verdict.outcome === 'unchanged')
    return {
      row: { ...row, force: markedAgain && row.force, waiting: markedAgain, clearsIntent: false },
      retryInMs: null,
      event: null,
    };
  if (verdict.outcome === 'retry') {
    if (row.attempts + 1 < context.maxAttempts || markedAgain) return tryLater(row, verdict, context, markedAgain);
    return conclude({ ...row, attempts: row.attempts + 1 }, 'needs_review', { ...verdict, detail: null }, context);
  }
  return conclude(row, verdict.outcome, verdict, context);
}

function tryLater(row: LedgerRow, verdict: LedgerVerdict, { random }: SettleContext, markedAgain: boolean): Settled {
  const attempts = markedAgain ? 0 : row.attempts + 1;
  const full = Math.min(retryWait.maxMs, retryWait.baseMs * 2 ** Math.min(row.attempts, 30));
  return {
    row: { ...row, attempts, memo: memoOf(row, verdict), waiting: true, clearsIntent: false },
    retryInMs: Math.max(verdict.afterMs ?? 0, Math.round(full / 2 + (full / 2) * random)),
    event: null,
  };
}

function conclude(row: LedgerRow, outcome: Outcome, verdict: LedgerVerdict, context: SettleContext): Settled {
  const waiting = row.mark !== context.readMark;
  const kept = { waiting, clearsIntent: outcome === 'delivered' || outcome === 'rejected', force: waiting && row.force };
  const attempts = waiting || outcome === 'delivered' || outcome === 'held' ? 0 : row.attempts;
  if (isNoNews(row, outcome, verdict))
    return { row: { ...row, ...kept, attempts, memo: memoOf(row, verdict) }, retryInMs: null, event: null };
  const next: LedgerRow = {
    ...row,
    outcome,
    ...acceptedOf(row, outcome, verdict),
    attempts,
    acknowledgement: short(verdict.acknowledgement),
    code: short(verdict.code),
    detail: verdict.detail ?? null,
    memo: memoOf(row, verdict),
    refused: outcome === 'rejected' || outcome === 'needs_review' ? context.basis : null,
    outcomeAt: context.now,
    revision: row.revision + 1,
  };
  const tries = outcome === 'delivered' ? row.attempts + 1 : row.attempts;
  return { row: { ...next, ...kept }, retryInMs: null, event: eventOf(next, outcome, tries, context) };
}

/** It stands there as told before. */
function isNoNews(row: LedgerRow, outcome: Outcome, verdict: LedgerVerdict): boolean {
  if (row.outcome !== outcome) return false;
  if (outcome === 'delivered') return verdict.sent === false && row.digest === verdict.digest;
  return outcome === 'held' && row.code === verdict.code;
}

const acceptedOf = (row: LedgerRow, outcome: Outcome, verdict: LedgerVerdict) =>
  outcome === 'delivered'
    ? { digest: verdict.digest ?? null, remoteId: short(verdict.remoteId), remoteVersion: short(verdict.remoteVersion) }
    : { digest: row.digest, remoteId: row.remoteId, remoteVersion: row.remoteVersion };

const memoOf = (row: LedgerRow, verdict: LedgerVerdict): Json => (verdict.memo === undefined ? row.memo : verdict.memo);

const mostCharacters = 200;
/** Ids and codes come from another system: bounded, and without what a text column does not take. */
function short(text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const clean = text.replace(/[\u0000-\u001f\u007f]/g, '').toWellFormed();
  return clean.length <= mostCharacters ? clean : sha256(clean);
}

const typeOf = {
  delivered: 'DeliveryDelivered',
  held: 'DeliveryHeld',
  rejected: 'DeliveryRejected',
  needs_review: 'DeliveryNeedsReview',
} as const satisfies Readonly<Record<Outcome, DeliveryEventType>>;

const eventOf = (row: LedgerRow, outcome: Outcome, attempts: number, context: SettleContext): DeliveryEvent => ({
  type: typeOf[outcome],
  target: context.target,
  subjectKind: row.kind,
  subjectId: row.id,
  patientKey: context.patientKey,
  revision: row.revision,
  contentDigest: row.digest,
  remoteId: row.remoteId,
  remoteVersion: row.remoteVersion,
  acknowledgement: row.acknowledgement,
  code: row.code,
  attempts,
  subjectVersion: context.subjectVersion,
  changedAt: context.changedAt,
  at: context.now,
});

/**
 * The ledger of one target (ADR 0011): who delivers which patient, what is to be told, what was, and what came of it.
 *
 * Promise: an intent is durable before `intend` resolves; outcome, revision and the event that tells it are one transaction; whoever has been
 * overtaken writes nothing any more (SYNC_LEASE_LOST). Rejects with AppError of stage `sink` when Postgres is away.
 */
import type { DeliveryEvent } from '@clinstream/contracts';
import type { Postgres, Transaction } from '@clinstream/runtime/postgres';
import type { Json, TargetName, Verdict, Work } from '../delivery/target.ts';
import { type LedgerRow, type Settled, settle } from '../domain/settle.ts';
import { syncError } from '../errors.ts';
import { type Claim, claimPatients, lockHeld, type Release, releasePatient, renewLeases } from './sql/claims.ts';
import { insertTellings, type Telling, tellAgain } from './sql/outbox.ts';
import { type IntentRow, lockDeliveries, type SettledRow, writeIntents, writeOutcomes } from './sql/outcomes.ts';
import type { DeliveryRow } from './sql/works.ts';
import { loadWorks, type WaitingWork } from './waiting-works.ts';

export type { Claim, Release } from './sql/claims.ts';
export type { Telling } from './sql/outbox.ts';
export type { WaitingWork } from './waiting-works.ts';

export type LedgerOptions = {
  readonly postgres: Postgres;
  readonly target: TargetName;
  /** This instance, by a name no other has. */
  readonly holder: string;
  readonly leaseMs: number;
  readonly maxAttempts: number;
  /** Works handed out of one patient at a time; the rest follows. */
  readonly maxWorks: number;
  readonly now: () => number;
  readonly random: () => number;
  /** When a sweep may publish what its writer has not. */
  readonly sweepAfterMs: number;
};

/** What became of one work, for those who count. */
export type Report = {
  readonly work: WaitingWork;
  readonly settled: Settled;
  readonly verdict: Verdict | Unchanged;
};
/** Refused before and nothing it is rendered from has changed: it was not given to the target. */
export type Unchanged = { readonly outcome: 'unchanged' };
export const unchanged: Unchanged = { outcome: 'unchanged' };
export type Settlement = { readonly reports: readonly Report[]; readonly tellings: readonly Telling[] };

export type Ledger = {
  claim(limit: number): Promise<readonly Claim[]>;
  renew(claims: readonly Claim[]): Promise<ReadonlySet<string>>;
  works(claim: Claim): Promise<readonly WaitingWork[]>;
  intend(claim: Claim, intents: readonly { work: Work; digest: string; memo: Json }[]): Promise<void>;
  /** Writes all outcomes and lets the patient go. */
  settle(claim: Claim, works: readonly WaitingWork[], verdicts: readonly (Verdict | Unchanged)[]): Promise<Settlement>;
  /** Lets the patient go with everything still waiting. */
  release(claim: Claim, release: Release): Promise<void>;
};

export function createLedger(options: LedgerOptions): Ledger {
  const { postgres, target, leaseMs, now } = options;
  return {
    claim: (limit) => claimPatients(postgres, options, limit, leaseMs),
    renew: (claims) => renewLeases(postgres, options, claims, leaseMs),
    works: (claim) => loadWorks(postgres, target, claim.patientKey, options.maxWorks),
    async intend(claim, intents) {
      const rows = intents.map(
        ({ work, digest, memo }): IntentRow => ({ kind: work.subject.kind, id: work.id, digest, memo: jsonText(memo) }),
      );
      if ((await writeIntents(postgres, options, claim, rows, now())) !== rows.length) throw leaseLost();
    },
    settle: (claim, works, verdicts) => postgres.transaction((tx) => settleAll(tx, options, claim, works, verdicts)),
    release: (claim, release) => releasePatient(postgres, options, claim, release),
  };
}

const leaseLost = () =>
  syncError('SYNC_LEASE_LOST', { message: 'another instance has taken over this patient', stage: 'outbound' });

async function settleAll(
  tx: Transaction,
  options: LedgerOptions,
  claim: Claim,
  works: readonly WaitingWork[],
  verdicts: readonly (Verdict | Unchanged)[],
): Promise<Settlement> {
  const { target } = options;
  const names = works.map(({ subject, id }) => ({ kind: subject.kind, id }));
  // What does not wait for an answer goes out together: three round trips for a patient, however many works.
  const [held, locked] = await Promise.all([lockHeld(tx, options, claim), lockDeliveries(tx, options, claim, names)]);
  if (!held) throw leaseLost();
  const rows = new Map(locked.map((row) => [`${row.kind} ${row.id}`, row]));
  const reports = works.flatMap((work, index): readonly Report[] => {
    const row = rows.get(`${work.subject.kind} ${work.id}`);
    const verdict = verdicts[index];
    return row && verdict ? [{ work, verdict, settled: settleOne(options, row, work, verdict) }] : [];
  });
  const tellings = reports.flatMap(({ settled }) => (settled.event ? [tellingOf(settled.event)] : []));
  // What stands there as told before is told once more, by the sweep.
  const again = reports.filter(({ settled }) => settled.event === null && settled.retryInMs === null);
  await Promise.all([
    writeOutcomes(
      tx,
      target,
      reports.map(({ settled }) => rowOf(settled)),
    ),
    insertTellings(tx, target, tellings, options.sweepAfterMs),
    tellAgain(
      tx,
      target,
      again.map(({ work }) => ({ kind: work.subject.kind, id: work.id })),
    ),
    releasePatient(tx, options, claim, { delayMs: 0, setbacks: 0 }),
  ]);
  return { reports, tellings };
}

function settleOne(
  { target, now, random, maxAttempts }: LedgerOptions,
  row: DeliveryRow,
  work: WaitingWork,
  verdict: Verdict | Unchanged,
): Settled {
  return settle(ledgerRow(row), verdict, {
    target,
    patientKey: work.subject.state.patientKey,
    readMark: work.mark,
    basis: work.basis,
    subjectVersion: work.subject.state.version,
    changedAt: work.changedAt,
    now: now(),
    random: random(),
    maxAttempts,
  });
}

const ledgerRow = (row: DeliveryRow): LedgerRow => ({
  kind: row.kind,
  id: row.id,
  mark: row.mark,
  force: row.force,
  attempts: row.attempts,
  outcome: row.outcome,
  digest: row.digest,
  remoteId: row.remote_id,
  remoteVersion: row.remote_version,
  acknowledgement: row.acknowledgement,
  code: row.code,
  detail: row.detail,
  memo: row.memo,
  refused: row.refused,
  outcomeAt: row.outcome_at,
  revision: row.revision,
});

const rowOf = ({ row, retryInMs }: Settled): SettledRow => ({
  kind: row.kind,
  id: row.id,
  waiting: row.waiting,
  force: row.force,
  attempts: row.attempts,
  retry_in_ms: retryInMs,
  clears_intent: row.clearsIntent,
  outcome: row.outcome,
  digest: row.digest,
  remote_id: row.remoteId,
  remote_version: row.remoteVersion,
  acknowledgement: row.acknowledgement,
  code: row.code,
  detail: jsonText(row.detail),
  memo: jsonText(row.memo),
  refused: row.refused,
  outcome_at: row.outcomeAt,
  revision: row.revision,
});

const tellingOf = (event: DeliveryEvent): Telling => ({
  kind: event.subjectKind,
  id: event.subjectId,
  revision: event.revision,
  event,
});

const mostCharacters = 256 * 1024;
/** What another system said may be of any size; what is cut off says so. */
function jsonText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = JSON.stringify(value);
  return text.length <= mostCharacters
    ? text
    : JSON.stringify({ truncated: true, beginning: text.slice(0, mostCharacters).toWellFormed() });
}

/** Rows of the ledger and of the subjects -> works, as targets take them. */
import { type AnalysisState, type ObservationState, sha256 } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { Delivered, Intent, JsonObject, TargetName, Work } from '../delivery/target.ts';
import { basisOf, isInput, type Related, type Subject } from '../domain/subject.ts';
import { loadRelated, loadWaiting, type RelatedStates, type WaitingRow } from './sql/works.ts';

export type WaitingWork = Work & {
  /** The mark its state was read under. */
  readonly mark: number;
  /** Log time of the first change that waits. */
  readonly waitingSince: number;
  /** It was there, and old, before the target was first told anything. */
  readonly isHistory: boolean;
  /** Digest of what it is rendered from. */
  readonly basis: string;
  /** Of what it was rendered from when it was last refused or put to review. */
  readonly refused: string | null;
};

/**
 * Every work of the patient that is due. The states are read after the marks, so that one which changes in between is marked again and its
 * delivery repeated, never missed.
 */
export async function loadWorks(
  db: Queryable,
  target: TargetName,
  patientKey: string,
  limit: number,
): Promise<readonly WaitingWork[]> {
  const rows = await loadWaiting(db, target, patientKey, limit);
  if (rows.length === 0) return [];
  const links = [...new Set(rows.flatMap((row) => row.links))];
  const orderIds = rows.flatMap(({ kind, id, state }) =>
    kind === 'order' ? [id] : kind === 'analysis' ? ((state as AnalysisState).orderId ?? []) : [],
  );
  const states = await loadRelated(db, target, patientKey, links, orderIds);
  return rows.map((row) => workOf(row, patientKey, states));
}

function workOf(row: WaitingRow, patientKey: string, states: RelatedStates): WaitingWork {
  const subject = { kind: row.kind, state: row.state } as Subject;
  const related = relatedTo(row, subject, states);
  return {
    subject,
    id: row.id,
    patientKey,
    related,
    delivered: deliveredOf(row),
    intent: intentOf(row),
    force: row.force,
    changedAt: row.changed_at,
    attempts: row.attempts,
    mark: row.mark,
    waitingSince: row.waiting_since,
    isHistory: row.history,
    basis: sha256(basisOf(subject, related)),
    refused: row.refused,
  };
}

function relatedTo({ id, links }: WaitingRow, subject: Subject, { patient, orders, observations }: RelatedStates): Related {
  const order = links.map((link) => orders.get(link)).find((one) => one !== undefined) ?? null;
  const isRelated = (one: ObservationState): boolean =>
    subject.kind === 'order' ? one.orderId === id : isInput(one, links, subject.kind === 'analysis' ? order : null);
  const related = [...observations.values()].filter(isRelated);
  return { patient, order, observations: related.sort((a, b) => (a.observationId < b.observationId ? -1 : 1)) };
}

function deliveredOf(row: WaitingRow): Delivered | null {
  if (row.outcome === null) return null;
  return {
    outcome: row.outcome,
    digest: row.digest,
    remoteId: row.remote_id,
    remoteVersion: row.remote_version,
    acknowledgement: row.acknowledgement,
    code: row.code,
    memo: row.memo as JsonObject | null,
    at: row.outcome_at ?? 0,
  };
}

const intentOf = ({ intent_digest, intent_memo, intent_at }: WaitingRow): Intent | null =>
  intent_digest === null ? null : { digest: intent_digest, memo: intent_memo as JsonObject | null, at: intent_at ?? 0 };

/**
 * The port of a target: a system outside that is told what the pipeline knows (ADR 0011). The dispatcher decides when, the target how.
 *
 * What the dispatcher promises a target: one call per patient at a time, over all instances, as long as the lease holds; works in the order of
 * `subjectKinds` and then of their first change; the *current* state, however many events led to it; the ledger's last word on each.
 * What a target promises: nothing leaves before `intend` resolved; a verdict for every work; codes and ids only in codes and error messages
 * (what the other side said about a patient goes into `detail`, which stays in the ledger).
 */
import type { Topic } from '@clinstream/contracts';
import type { Component } from '@clinstream/runtime/lifecycle';
import type { OutgoingEvent } from '@clinstream/runtime/producer';
import type { Related, Subject } from '../domain/subject.ts';

export type TargetName = 'fhir' | 'lis';
export type Json = null | boolean | number | string | readonly Json[] | { readonly [field: string]: Json };
export type JsonObject = { readonly [field: string]: Json };

export type SettledOutcome = 'delivered' | 'held' | 'rejected' | 'needs_review';

/** The ledger's last word: what stands there, as far as we were told. */
export type Delivered = {
  readonly outcome: SettledOutcome;
  /** Of the content that was last accepted; null when none was. Stays through a later rejection. */
  readonly digest: string | null;
  readonly remoteId: string | null;
  readonly remoteVersion: string | null;
  readonly acknowledgement: string | null;
  readonly code: string | null;
  /** The target's own notes, from the last verdict that gave some: versions per resource, or the LIS's accepted state and control id. */
  readonly memo: JsonObject | null;
  readonly at: number;
};

/** Something was about to be sent and nobody knows how it ended: a crash, a time-out, a lost reply. Cleared by `delivered` and `rejected`. */
export type Intent = { readonly digest: string; readonly memo: JsonObject | null; readonly at: number };

export type Work = {
  readonly subject: Subject;
  readonly id: string;
  /** The job's id where it has no patient. */
  readonly patientKey: string;
  readonly related: Related;
  readonly delivered: Delivered | null;
  readonly intent: Intent | null;
  /** A person asked for it: send even if unchanged. */
  readonly force: boolean;
  /** Log time of the last change, epoch milliseconds. */
  readonly changedAt: number;
  /** Failed tries since its last change; 0 at first. */
  readonly attempts: number;
};

export type Verdict =
  | {
      readonly outcome: 'delivered';
      /** False: it stood there already, nothing left us. */
      readonly sent: boolean;
      readonly digest: string;
      readonly remoteId: string | null;
      readonly remoteVersion: string | null;
      /** MSA-1 or the HTTP status. */
      readonly acknowledgement: string | null;
      readonly memo: JsonObject | null;
    }
  /** Nothing may be released yet (unreviewed), or there is nothing to say: waits for the next change. */
  | { readonly outcome: 'held'; readonly code: string; readonly memo?: JsonObject | null }
  | Refused<'rejected'>
  | Refused<'needs_review'>
  /** This one only waits; after the last of a bounded number of tries it needs review. */
  | { readonly outcome: 'retry'; readonly afterMs: number; readonly code: string; readonly memo?: JsonObject | null };

type Refused<O extends string> = {
  readonly outcome: O;
  readonly code: string;
  readonly acknowledgement: string | null;
  /** What the other side said, for the ledger only: an OperationOutcome, ERR segments. */
  readonly detail: Json;
  readonly memo?: JsonObject | null;
};

export type DeliveryContext = {
  /** Aborts when the lease is lost and at the end of a drain. */
  readonly signal: AbortSignal;
  /** Durable before it resolves; rejects with SYNC_LEASE_LOST when another instance has taken over: send nothing then. */
  intend(work: Work, intent: { readonly digest: string; readonly memo: JsonObject | null }): Promise<void>;
  /** An event that a reply caused; confirmed with acks=all. The event id must be deterministic: after a crash it is published again. */
  publish<T extends Topic>(event: OutgoingEvent<T>): Promise<void>;
};

export type Target = Component & {
  readonly name: TargetName;
  /** Whether it is ever told of such a subject. Pure. What it is not told of is still kept, for `related`. */
  takes(subject: Subject): boolean;
  /**
   * A patient it was never told of waits its turn: what it has to ask about several of them it may ask at once. Nothing is told yet; that it
   * fails is for `deliver` to find out.
   */
  lookAhead?(patientKey: string): Promise<void>;
  /**
   * One verdict per work, same order. Throws a retryable/dependency AppError when the target is away: no attempt is counted, the breaker opens
   * (for `retryAfterMs` at least, if given), all works wait. Any other error counts as a failed try of all of them.
   */
  deliver(works: readonly Work[], context: DeliveryContext): Promise<readonly Verdict[]>;
  /** Resolves when the target is there again. Asked while the breaker is open. */
  probe(signal: AbortSignal): Promise<void>;
};

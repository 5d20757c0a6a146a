/**
 * The state of one order as a pure reducer. Facts are kept apart, so that arrival order means nothing: content (highest source version
 * wins), the wish to cancel and its refusal, completion, and the cancellation itself (final). A refusal answers the wishes up to the
 * version it names, so an order is active again until somebody wishes anew.
 *
 *   pending ──placed──> active ──cancel requested──> cancel_requested ──cancelled──> cancelled
 *                          ^──────────refused───────────┘        (a completed order can only become cancelled)
 *
 * A second OrderPlaced with other content than the first is refused and only marks the order as conflicting (design 4).
 *
 * Promise: the result does not depend on the order or number of deliveries of one placement, its amendments, completion and cancellation, apart
 * from `version` and from two amendments of equal source version, of which the first in the log stays. Which of two different placements
 * is the refused one is the log's order, too: they share a partition, so every reader sees the same.
 */
import type { Coding, OrderEvent, OrderingProvider, OrderKind, Priority, Specimen } from '../generated/types.ts';
import { compareRanks } from './rank.ts';

export type OrderStatus = 'pending' | 'active' | 'cancel_requested' | 'completed' | 'cancelled';

export type OrderState = {
  readonly orderId: string;
  readonly patientKey: string;
  readonly placerNumber: string;
  readonly placerAuthority: string;
  readonly fillerNumber: string | null;
  readonly kind: OrderKind;
  readonly priority: Priority;
  readonly code: Coding;
  readonly note: string | null;
  readonly contentDigest: string;
  readonly requestedBy: string;
  readonly requestedAt: number;
  readonly analysisJobId: string | null;
  readonly status: OrderStatus;
  /** Rank of the content shown (`contentRank`); -1 while only a cancellation was seen. */
  readonly contentVersion: number;
  readonly placed: boolean;
  readonly cancelRequestedVersion: number | null;
  readonly cancelledVersion: number | null;
  /** Newest wish to cancel that the laboratory refused. */
  readonly cancelRefusedVersion: number | null;
  readonly completedVersion: number | null;
  /** The newest wish to cancel was refused: the order still stands. */
  readonly cancelRefused: boolean;
  readonly specimen: Specimen | null;
  readonly orderingProvider: OrderingProvider | null;
  /** The order this one was added to. */
  readonly parentOrderId: string | null;
  /** The laboratory's newest word that it cannot use the specimen, and why; another one may be sent, so the order stands. */
  readonly specimenRejectedVersion: number | null;
  readonly specimenRejectReasons: readonly string[];
  /** Another order was placed under the same placer number with different content and refused. */
  readonly conflicting: boolean;
  readonly version: number;
};

/** The state after one more event; the very same object when the event changes nothing. */
export function reduceOrder(state: OrderState | null, event: OrderEvent): OrderState | null {
  if (event.type === 'Unknown') return state;
  if (state === null) return withStatus(firstState(event), 1);
  const next = { ...state, ...changes(state, event) };
  return JSON.stringify(next) === JSON.stringify(state) ? state : withStatus(next, state.version + 1);
}

type Changes = Partial<OrderState>;

function changes(state: OrderState, event: OrderEvent): Changes {
  switch (event.type) {
    case 'OrderPlaced':
      if (!state.placed) return { placed: true, ...firstPlacement(state, event) };
      return isSamePlacement(state, event) ? {} : { conflicting: true };
    case 'OrderAmended':
      if (state.contentVersion >= contentRank(event)) return {};
      return { ...content(event), analysisJobId: event.analysisJobId ?? state.analysisJobId };
    case 'OrderCancelRequested':
      return {
        ...hearsay(state, event),
        cancelRequestedVersion: Math.max(state.cancelRequestedVersion ?? 0, event.sourceVersion),
      };
    case 'OrderCancelled':
      return { ...hearsay(state, event), cancelledVersion: Math.max(state.cancelledVersion ?? 0, event.sourceVersion) };
    case 'OrderCancelRefused':
      return { ...hearsay(state, event), cancelRefusedVersion: Math.max(state.cancelRefusedVersion ?? 0, event.sourceVersion) };
    case 'OrderCompleted':
      return { ...hearsay(state, event), completedVersion: Math.max(state.completedVersion ?? 0, event.sourceVersion) };
    case 'OrderSpecimenRejected':
      return { ...hearsay(state, event), ...rejection(state, event) };
    case 'Unknown':
      return {};
  }
}

/** The newest; of one version the reasons that sort first, whichever comes first. */
function rejection(state: OrderState, { sourceVersion, specimenRejectReasons: reasons }: OrderEvent): Changes {
  const before = state.specimenRejectedVersion ?? -1;
  const isNews =
    sourceVersion > before || (sourceVersion === before && reasons.join(' ') < state.specimenRejectReasons.join(' '));
  return isNews ? { specimenRejectedVersion: sourceVersion, specimenRejectReasons: reasons } : {};
}

/** Content shown already stays when it is newer; the job that only the placement names is kept either way. */
const firstPlacement = (state: OrderState, event: OrderEvent): Changes =>
  state.contentVersion < contentRank(event) ? content(event) : { analysisJobId: state.analysisJobId ?? event.analysisJobId };

/** A placement older than the content shown was amended since: it cannot be told from a repeat, unless it is of another patient. */
const isSamePlacement = (state: OrderState, event: OrderEvent): boolean =>
  state.patientKey === event.patientKey &&
  (state.contentDigest === event.contentDigest || contentRank(event) < state.contentVersion);

/** Many sources tell whole seconds: an amendment of the same second as its placement is the newer content. */
const contentRank = (event: OrderEvent): number => 2 * event.sourceVersion + (event.type === 'OrderAmended' ? 1 : 0);

/** While no content was seen, what else is told says what it is about: the newest, and of one version the weightiest. */
function hearsay(state: OrderState, event: OrderEvent): Changes {
  if (state.contentVersion >= 0) return {};
  const rank = [event.sourceVersion, weightOf(event.type)];
  return told(state).every((other) => compareRanks(rank, other) > 0) ? { ...content(event), contentVersion: -1 } : {};
}

const hearsayTypes = ['OrderSpecimenRejected', 'OrderCancelRequested', 'OrderCancelRefused', 'OrderCompleted', 'OrderCancelled'];
const weightOf = (type: string): number => hearsayTypes.indexOf(type);

/** Ranks of what was told of the order beside its content. */
const told = (state: OrderState): readonly (readonly number[])[] =>
  [
    state.specimenRejectedVersion,
    state.cancelRequestedVersion,
    state.cancelRefusedVersion,
    state.completedVersion,
    state.cancelledVersion,
  ].flatMap((version, weight) => (version === null ? [] : [[version, weight]]));

function content(event: OrderEvent) {
  return {
    fillerNumber: event.fillerNumber,
    kind: event.kind,
    priority: event.priority,
    code: event.code,
    note: event.note,
    contentDigest: event.contentDigest,
    requestedBy: event.requestedBy,
    requestedAt: event.requestedAt,
    analysisJobId: event.analysisJobId,
    specimen: event.specimen,
    orderingProvider: event.orderingProvider,
    parentOrderId: event.parentOrderId,
    contentVersion: contentRank(event),
  };
}

function firstState(event: OrderEvent): OrderState {
  const hasContent = event.type === 'OrderPlaced' || event.type === 'OrderAmended';
  return {
    orderId: event.orderId,
    patientKey: event.patientKey,
    placerNumber: event.placerNumber,
    placerAuthority: event.placerAuthority,
    ...content(event),
    status: 'pending',
    contentVersion: hasContent ? contentRank(event) : -1,
    placed: event.type === 'OrderPlaced',
    cancelRequestedVersion: event.type === 'OrderCancelRequested' ? event.sourceVersion : null,
    cancelledVersion: event.type === 'OrderCancelled' ? event.sourceVersion : null,
    cancelRefusedVersion: event.type === 'OrderCancelRefused' ? event.sourceVersion : null,
    completedVersion: event.type === 'OrderCompleted' ? event.sourceVersion : null,
    cancelRefused: false,
    specimenRejectedVersion: event.type === 'OrderSpecimenRejected' ? event.sourceVersion : null,
    specimenRejectReasons: event.type === 'OrderSpecimenRejected' ? event.specimenRejectReasons : [],
    conflicting: false,
    version: 0,
  };
}

function withStatus(state: OrderState, version: number): OrderState {
  return {
    ...state,
    status: statusOf(state),
    cancelRefused: isCancelRefused(state.cancelRequestedVersion, state.cancelRefusedVersion),
    version,
  };
}

function statusOf(state: OrderState): OrderStatus {
  if (state.cancelledVersion !== null) return 'cancelled';
  if (state.completedVersion !== null) return 'completed';
  if (state.cancelRequestedVersion !== null && !isCancelRefused(state.cancelRequestedVersion, state.cancelRefusedVersion))
    return 'cancel_requested';
  return state.placed ? 'active' : 'pending';
}

/** Whether the refusal answers every wish there was. */
export const isCancelRefused = (requestedVersion: number | null, refusedVersion: number | null): boolean =>
  refusedVersion !== null && refusedVersion >= (requestedVersion ?? 0);

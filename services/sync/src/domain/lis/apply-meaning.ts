/**
 * What an answer changes: our notes of what the laboratory knows, the order, and whether this delivery ends here. Pure.
 * Refused for good is remembered, so that the same message does not go again by itself.
 */
import type { Meaning } from './classify-reply.ts';
import type { LisEffect, LisMemo, LisSending } from './memo.ts';

export type Applied = {
  readonly memo: LisMemo;
  readonly effect: LisEffect | null;
  /** Null: look again what must be said next. */
  readonly end: null | { readonly outcome: 'rejected' | 'needs_review' | 'retry'; readonly code: string };
};

export type Answered = {
  readonly memo: LisMemo;
  readonly sending: LisSending;
  readonly meaning: Meaning;
  readonly acknowledgement: string | null;
  /** The very bytes may have arrived before, or results prove that the order did. */
  readonly mayBeKnown: boolean;
};

export function applyMeaning(answered: Answered): Applied {
  const { memo, sending, meaning } = answered;
  switch (meaning.kind) {
    case 'accepted':
      return { memo: acceptedMemo(memo, sending, meaning.fillerNumber), effect: null, end: null };
    case 'cancelled': {
      const known = { ...acceptedMemo(memo, sending, meaning.fillerNumber), known: 'cancelled' } as const;
      const version = sending.cancelVersion ?? 0;
      return { memo: known, effect: { type: 'OrderCancelled', version, fillerNumber: known.fillerNumber }, end: null };
    }
    case 'cancel_refused': {
      const version = sending.cancelVersion ?? 0;
      const told = { ...settledMemo(memo), cancelAnswered: sending.cancelVersion };
      return { memo: told, effect: { type: 'OrderCancelRefused', version, fillerNumber: memo.fillerNumber }, end: null };
    }
    case 'number_known':
      return answered.mayBeKnown
        ? { memo: acceptedMemo(memo, sending, null), effect: null, end: null }
        : refused(answered, 'needs_review', 'LIS_ORDER_NUMBER_TAKEN', false);
    case 'retry':
      return { memo: { ...memo, answers: memo.answers + 1 }, effect: null, end: { outcome: 'retry', code: meaning.code } };
    case 'park':
      return refused(answered, 'rejected', meaning.code, meaning.isUnknownOrder);
    case 'doubtful':
      // Not counted as an answer: the message stays unanswered.
      return { memo, effect: null, end: { outcome: 'needs_review', code: meaning.code } };
  }
}

const settledMemo = (memo: LisMemo): LisMemo => ({
  ...memo,
  settled: memo.settled + 1,
  answers: memo.answers + 1,
  refused: null,
});

/** Also what is true when something else proves that the message arrived. */
export function acceptedMemo(memo: LisMemo, sending: LisSending, fillerNumber: string | null): LisMemo {
  const settled = { ...settledMemo(memo), fillerNumber: fillerNumber ?? memo.fillerNumber };
  if (sending.cancelVersion !== null) return { ...settled, cancelAnswered: sending.cancelVersion };
  return { ...settled, known: 'placed', digest: sending.digest };
}

function refused(
  { memo, sending, acknowledgement }: Answered,
  outcome: 'rejected' | 'needs_review',
  code: string,
  isUnknownOrder: boolean,
): Applied {
  const { control, digest } = sending;
  const forgotten = isUnknownOrder && control !== 'NW' ? ({ known: 'nothing', digest: null } as const) : {};
  const told = { ...settledMemo(memo), ...forgotten, refused: { control, digest, outcome, code, acknowledgement } };
  return { memo: told, effect: null, end: { outcome, code } };
}

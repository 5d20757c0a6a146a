/**
 * Where one subject stands in one target, as a pure reducer of what the target's ledger told: the highest revision wins.
 * The ledger gives each outcome a revision of its own, so the order and number of deliveries do not matter, apart from `version`.
 */
import type { DeliveryEvent, SubjectKind, SyncTarget } from '../generated/types.ts';
import { deterministicId } from '../ids.ts';

export type DeliveryOutcome = 'delivered' | 'rejected' | 'needs_review' | 'held';
export type DeliveryState = {
  readonly deliveryId: string;
  readonly target: SyncTarget;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  readonly patientKey: string | null;
  readonly outcome: DeliveryOutcome;
  readonly revision: number;
  readonly contentDigest: string | null;
  readonly remoteId: string | null;
  readonly remoteVersion: string | null;
  readonly acknowledgement: string | null;
  readonly code: string | null;
  readonly attempts: number;
  readonly subjectVersion: number;
  readonly changedAt: number;
  readonly at: number;
  readonly version: number;
};

type Named = Pick<DeliveryEvent, 'target' | 'subjectKind' | 'subjectId'>;

/** One subject in one target: the same for all its outcomes. */
export const deliveryIdOf = ({ target, subjectKind, subjectId }: Named): string =>
  deterministicId('delivery-of', target, subjectKind, subjectId);

/** Event id of one outcome: the ledger telling it again tells the same event. */
export const deliveryEventIdOf = ({
  target,
  subjectKind,
  subjectId,
  revision,
}: Named & Pick<DeliveryEvent, 'revision'>): string =>
  deterministicId('delivery', target, subjectKind, subjectId, String(revision));

const outcomes = {
  DeliveryDelivered: 'delivered',
  DeliveryRejected: 'rejected',
  DeliveryNeedsReview: 'needs_review',
  DeliveryHeld: 'held',
} as const satisfies Readonly<Record<string, DeliveryOutcome>>;

/** The state after one more event; the very same object when the event changes nothing. */
export function reduceDelivery(state: DeliveryState | null, event: DeliveryEvent): DeliveryState | null {
  if (event.type === 'Unknown') return state;
  if (state !== null && event.revision <= state.revision) return state;
  const { type, ...facts } = event;
  return { deliveryId: deliveryIdOf(event), ...facts, outcome: outcomes[type], version: (state?.version ?? 0) + 1 };
}

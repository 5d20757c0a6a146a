/**
 * The state of one laboratory result as a pure reducer. Rank = (source version, weight of the status), highest wins, so a
 * preliminary value never replaces a final one of the same message time and a correction never gives way to what it corrected.
 *
 * Promise: the result does not depend on the order or number of deliveries, apart from `version` and from two different events of
 * equal rank, of which the first in the log stays. Held as given: all events of a result that name an order name the same one.
 */
import type { Coding, ObservationEvent, ObservationStatus, ObservationValue } from '../generated/types.ts';
import { observationIdOf } from '../ids.ts';
import { compareRanks } from './rank.ts';

export type ObservationState = {
  readonly observationId: string;
  readonly patientKey: string;
  readonly orderId: string | null;
  readonly code: Coding;
  readonly subId: string | null;
  readonly value: ObservationValue;
  readonly status: ObservationStatus;
  readonly abnormalFlag: string | null;
  readonly referenceRange: string | null;
  readonly effectiveAt: string | null;
  readonly sourceVersion: number;
  readonly version: number;
};

const weight: Readonly<Record<ObservationStatus, number>> = {
  unknown: 0,
  registered: 1,
  preliminary: 2,
  final: 3,
  amended: 4,
  corrected: 5,
  cancelled: 6,
  entered_in_error: 7,
};

/**
 * The id a result has under its order's placer number. An order's own observations go by it as long as the order does not know the laboratory's
 * number, so a result under that one is the same observation if this id is the same (facts 6.5).
 */
export const observationIdUnder = (
  { placerAuthority, placerNumber }: { readonly placerAuthority: string; readonly placerNumber: string },
  { code, subId }: Pick<ObservationState, 'code' | 'subId'>,
): string => observationIdOf(placerAuthority, placerNumber, `${code.code}^${code.system}`, subId ?? '');

/** What decides between two tellings of one result: the message's time, then the weight of the status. The higher one holds. */
export const observationRank = ({
  sourceVersion,
  status,
}: Pick<ObservationState, 'sourceVersion' | 'status'>): readonly [number, number] => [sourceVersion, weight[status]];

/** The state after one more event; the very same object when the event changes nothing. */
export function reduceObservation(state: ObservationState | null, event: ObservationEvent): ObservationState | null {
  if (event.type === 'Unknown') return state;
  if (state !== null && compareRanks(observationRank(event), observationRank(state)) <= 0) return orderNamed(state, event);
  return {
    observationId: event.observationId,
    patientKey: event.patientKey,
    orderId: event.orderId ?? state?.orderId ?? null,
    code: event.code,
    subId: event.subId,
    value: event.value,
    status: event.status,
    abnormalFlag: event.abnormalFlag,
    referenceRange: event.referenceRange,
    effectiveAt: event.effectiveAt,
    sourceVersion: event.sourceVersion,
    version: (state?.version ?? 0) + 1,
  };
}

/** All that an event of lower rank can still tell: which order the result belongs to. */
const orderNamed = (state: ObservationState, event: ObservationEvent): ObservationState =>
  state.orderId === null && event.orderId !== null ? { ...state, orderId: event.orderId, version: state.version + 1 } : state;

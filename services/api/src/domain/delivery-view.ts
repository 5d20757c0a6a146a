/** Where a subject stands in one target, as the API shows it: times as text. Pure. */
import type { DeliveryState } from '@clinstream/contracts';
import { isoOf } from './iso.ts';

export type DeliveryView = Omit<DeliveryState, 'deliveryId' | 'version' | 'changedAt' | 'at'> & {
  readonly changedAt: string | null;
  readonly at: string | null;
};

export function viewDelivery({ deliveryId: _id, version: _version, ...state }: DeliveryState): DeliveryView {
  return { ...state, changedAt: isoOf(state.changedAt), at: isoOf(state.at) };
}

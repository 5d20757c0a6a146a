/** What an order's state means in FHIR (facts 6.6). Pure. */
import type { OrderState, OrderStatus } from '@clinstream/contracts';

type Pair = {
  readonly request: 'active' | 'completed' | 'revoked' | 'unknown';
  readonly medication: 'active' | 'completed' | 'cancelled' | 'unknown';
};

/** A wish to cancel is no cancellation: the order is active until the laboratory says otherwise. */
export const orderStatuses: Readonly<Record<OrderStatus, Pair>> = {
  pending: { request: 'unknown', medication: 'unknown' },
  active: { request: 'active', medication: 'active' },
  cancel_requested: { request: 'active', medication: 'active' },
  completed: { request: 'completed', medication: 'completed' },
  cancelled: { request: 'revoked', medication: 'cancelled' },
};

export const isMedication = (order: OrderState): boolean => order.kind === 'medication';

/** False while only a cancellation was heard of: there is nothing to say what was ordered. */
export const hasContent = (order: OrderState): boolean => order.contentVersion >= 0;

/**
 * Which orders of a message take effect (facts 6.7): a new order reserves its number for its content; the same again is a no-op downstream, other
 * content is refused with UA and 205. Without a store, or while it is away, orders are taken and the order reducer flags the conflict:
 * the hospital's orders do not wait for our database.
 */
import type { Fault } from '@clinstream/runtime/hl7';
import type { Fact, OrderPart } from '../domain/hl7/mapped.ts';
import { placementReservation } from '../idempotency/placement.ts';
import type { ReservationRequest } from '../idempotency/types.ts';

export type OrderReservations = {
  /** Answers in the order of the requests; rejects when the store cannot answer. */
  reserveMany(requests: readonly ReservationRequest[]): Promise<readonly { readonly outcome: 'new' | 'repeat' | 'conflict' }[]>;
};

export type PlacedOrders = {
  readonly facts: readonly Fact[];
  readonly refused: readonly Fault[];
  /** ORC-1 of the answer for each ORC. */
  readonly controls: readonly { readonly control: string; readonly occurrence: number }[];
};

export async function reservePlacements(
  orders: readonly OrderPart[],
  reservations: OrderReservations | null,
  now: number,
): Promise<PlacedOrders> {
  const conflicts = reservations === null ? new Set<OrderPart>() : await conflictsAmong(orders, reservations, now);
  const judged = orders.map((order) => ({ order, fault: conflicts.has(order) ? duplicate(order) : order.refused }));
  return {
    facts: judged.flatMap(({ order, fault }) => (fault === null ? order.facts : [])),
    refused: judged.flatMap(({ fault }) => (fault === null ? [] : [fault])),
    controls: judged.map(({ order, fault }) => ({
      control: fault === null ? order.accepted : order.unable,
      occurrence: order.occurrence,
    })),
  };
}

async function conflictsAmong(
  orders: readonly OrderPart[],
  reservations: OrderReservations,
  now: number,
): Promise<Set<OrderPart>> {
  const placed = orders.flatMap((order) => (order.placement === null ? [] : [{ order, digest: order.placement.contentDigest }]));
  if (placed.length === 0) return new Set();
  try {
    const outcomes = await reservations.reserveMany(
      placed.map(({ order, digest }) => placementReservation({ orderId: order.orderId, contentDigest: digest }, now)),
    );
    return new Set(placed.filter((_, i) => outcomes[i]?.outcome === 'conflict').map(({ order }) => order));
  } catch {
    return new Set();
  }
}

const duplicate = ({ occurrence }: OrderPart): Fault => ({
  condition: 205,
  code: 'ORDER_NUMBER_TAKEN',
  location: { segment: 'ORC', occurrence, field: 2 },
});

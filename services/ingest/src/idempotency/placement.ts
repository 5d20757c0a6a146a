/** A placer's order number belongs to the first content placed under it, whichever client or door it came through. */
import type { ReservationRequest } from './types.ts';

export const placementReservation = (
  order: { readonly orderId: string; readonly contentDigest: string },
  requestedAt: number,
): ReservationRequest => ({
  client: '',
  operation: 'place-order',
  key: order.orderId,
  digest: order.contentDigest,
  id: order.orderId,
  requestedAt,
});

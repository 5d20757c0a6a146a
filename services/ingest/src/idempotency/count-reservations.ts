/** Reservations with their outcomes counted. */
import type { Metrics } from '@clinstream/runtime/telemetry';
import type { ingestMetrics } from '../metrics.ts';
import type { Reservation, Reservations } from './types.ts';

export function countReservations(
  { reserve, reserveMany }: Reservations,
  { reservations }: Pick<Metrics<typeof ingestMetrics>, 'reservations'>,
): Reservations {
  const count = ({ outcome }: Reservation): void => reservations.labels({ outcome }).inc();
  return {
    reserve: async (request) => {
      const reservation = await reserve(request);
      count(reservation);
      return reservation;
    },
    reserveMany: async (requests) => {
      const all = await reserveMany(requests);
      for (const reservation of all) count(reservation);
      return all;
    },
  };
}

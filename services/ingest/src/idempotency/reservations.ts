/**
 * Idempotency reservations in Postgres. In: keys with the content they came with; out: whether the key is new, repeated with the same
 * content, or taken by other content. Promise: two callers, in any processes, never both get `new` or `repeat` for different content
 * under one key. No promise about the log: a reservation without an event is harmless, its repeat publishes the same event.
 */
import { AppError } from '@clinstream/runtime/errors';
import type { Queryable } from '@clinstream/runtime/postgres';
import { createCoalescer } from './coalesce.ts';
import { type ReservedRow, reserveSql, reserveValues } from './reserve-sql.ts';
import type { Reservation, ReservationRequest, Reservations } from './types.ts';

export type ReservationLimits = { readonly maxPerStatement: number; readonly maxWaiting: number; readonly timeoutMs: number };

export function createReservations(postgres: Queryable, limits: ReservationLimits): Reservations {
  const submit = createCoalescer<ReservationRequest, Reservation>({
    run: (requests) => reserveTogether(postgres, requests),
    maxItems: limits.maxPerStatement,
    maxWaiting: limits.maxWaiting,
    timeoutMs: limits.timeoutMs,
    unavailable,
  });
  const reserveMany: Reservations['reserveMany'] = async (requests) => (requests.length === 0 ? [] : submit(requests));
  return {
    reserveMany,
    reserve: async (request) => {
      const [reservation] = await submit([request]);
      if (reservation === undefined) throw unavailable('timeout');
      return reservation;
    },
  };
}

const statement = { name: 'ingest-reserve', text: reserveSql };

async function reserveTogether(postgres: Queryable, requests: readonly ReservationRequest[]): Promise<readonly Reservation[]> {
  const first = new Map<string, ReservationRequest>();
  for (const request of requests) {
    const name = nameOf(request);
    if (!first.has(name)) first.set(name, request);
  }
  const { rows } = await postgres.query<ReservedRow>(statement, reserveValues([...first.values()]));
  const owners = new Map(rows.map((row) => [nameOf(row), row]));
  return requests.map((request) => {
    const name = nameOf(request);
    const owner = owners.get(name);
    if (owner === undefined) throw unavailable('timeout');
    return reservationOf(owner, request, owner.inserted && first.get(name) === request);
  });
}

const reservationOf = (owner: ReservedRow, request: ReservationRequest, isNew: boolean): Reservation => ({
  outcome: owner.digest !== request.digest ? 'conflict' : isNew ? 'new' : 'repeat',
  id: owner.id,
  requestedAt: owner.requested_at_ms,
});

const nameOf = (row: Pick<ReservationRequest, 'client' | 'operation' | 'key'>): string =>
  JSON.stringify([row.client, row.operation, row.key]);

const unavailable = (why: 'full' | 'timeout'): AppError =>
  new AppError({
    code: 'POSTGRES_UNAVAILABLE',
    kind: 'retryable',
    scope: 'dependency',
    stage: 'receive',
    message:
      why === 'full' ? 'too many reservations are waiting for Postgres' : 'Postgres did not confirm the reservation in time',
  });

/**
 * One statement reserves many keys. A key that is taken answers with its owner's row, in the same round trip.
 *
 * - `DO UPDATE` of a column to itself, not `DO NOTHING`: under READ COMMITTED a row committed by another session between our snapshot and
 *   our insert makes `DO NOTHING` return no row, and a SELECT in the same statement cannot see it either. A repeat costs one dead row
 *   version; repeats are rare.
 * - Sorted by key, so that two sessions reserving the same keys wait for one another in one direction and never deadlock.
 * - The keys of one statement must differ (`DO UPDATE` refuses to touch a row twice): the caller sees to that.
 * - `xmax = 0` tells an inserted row from one that was there.
 */
import type { ReservationRequest } from './types.ts';

export const reserveSql = `
WITH wanted AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::bigint[])
    AS w(client, operation, key, digest, id, requested_at_ms)
)
INSERT INTO ingest.reservation AS r (client, operation, key, digest, id, requested_at_ms)
SELECT client, operation, key, decode(digest, 'hex'), id, requested_at_ms
  FROM wanted
 ORDER BY client, operation, key
ON CONFLICT (client, operation, key) DO UPDATE SET client = r.client
RETURNING client, operation, key, encode(digest, 'hex') AS digest, id, requested_at_ms, xmax = 0 AS inserted`;

export type ReservedRow = {
  readonly client: string;
  readonly operation: string;
  readonly key: string;
  readonly digest: string;
  readonly id: string;
  readonly requested_at_ms: number;
  readonly inserted: boolean;
};

export const reserveValues = (requests: readonly ReservationRequest[]): readonly (readonly (string | number)[])[] => [
  requests.map((request) => request.client),
  requests.map((request) => request.operation),
  requests.map((request) => request.key),
  requests.map((request) => request.digest),
  requests.map((request) => request.id),
  requests.map((request) => request.requestedAt),
];

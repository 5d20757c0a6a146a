/**
 * Orders that came out of this very FHIR server stand there already, as somebody else's ServiceRequest: they are referred to and not written a
 * second time. The poller reads them, and `sync.polled_resources` knows which is which.
 */
import type { OrderState } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';
import type { Work } from '../delivery/target.ts';
import { ids } from '../domain/fhir/ids.ts';
import { isObject } from './json.ts';
import type { Rendered } from './plan.ts';
import { keyOf } from './resource.ts';

/** `ServiceRequest/id` of others that an order was made from; null for an order of anywhere else. Rejects as Postgres does. */
export type FindForeignRequest = (orderId: string) => Promise<string | null>;

export const createFindForeignRequest =
  (postgres: Queryable, server: string): FindForeignRequest =>
  async (orderId) => {
    const { rows } = await postgres.query<{ id: string }>(findSql, [server, orderId]);
    return rows[0] === undefined ? null : `ServiceRequest/${rows[0].id}`;
  };

const findSql = {
  name: 'sync-polled-by-order',
  text: `SELECT id FROM sync.polled_resources WHERE order_id = $2 AND server = $1 AND kind = 'ServiceRequest' ORDER BY id LIMIT 1`,
};

/** What the poller names as the requester of its orders. */
export const polledRequester = 'fhir';

/** The order a work is about or belongs to, if it came from the FHIR server. */
export function polledOrderOf({ subject, related }: Work): OrderState | null {
  const order = subject.kind === 'order' ? subject.state : related.order;
  return order?.requestedBy === polledRequester ? order : null;
}

/** The rendering with `foreign` in place of our own request: left out, and referred to wherever ours was. Pure. */
export function referToForeign(rendered: Rendered, orderId: string, foreign: string): Rendered {
  const own = `ServiceRequest/${ids.serviceRequest(orderId)}`;
  const resources = rendered.resources.filter((resource) => keyOf(resource) !== own).map((one) => replaced(one, own, foreign));
  return { ...rendered, resources };
}

function replaced<T>(value: T, own: string, foreign: string): T {
  if (Array.isArray(value)) return value.map((one) => replaced(one, own, foreign)) as T;
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([name, member]) => [
    name,
    name === 'reference' && member === own ? foreign : replaced(member, own, foreign),
  ]);
  return Object.fromEntries(entries) as T;
}

/** Where one subject stands in each target: by key, one row per target at most. */
import { type DeliveryState, deliveryIdOf, type SubjectKind, type SyncTarget } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';
import { deliveries, deliveryFromRow } from '../../sink/delivery-table.ts';
import { loadRows } from '../../sink/sql/load-rows.ts';

export const targets = ['fhir', 'lis'] as const satisfies readonly SyncTarget[];
export type DeliverySubject = { readonly subjectKind: SubjectKind; readonly subjectId: string };

export async function readDeliveries(db: Queryable, subject: DeliverySubject): Promise<readonly DeliveryState[]> {
  const ids = targets.map((target) => deliveryIdOf({ target, ...subject }));
  const found = (await loadRows(db, deliveries, ids)).map(deliveryFromRow);
  return targets.flatMap((target) => found.filter((delivery) => delivery.target === target));
}

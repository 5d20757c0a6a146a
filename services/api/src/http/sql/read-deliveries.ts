/** Where subjects stand in each target: by key, one row per subject and target at most, one statement for all that are asked for. */
import { type DeliveryState, deliveryIdOf, type SubjectKind, type SyncTarget } from '@clinstream/contracts';
import type { Queryable } from '@clinstream/runtime/postgres';
import { deliveries, deliveryFromRow } from '../../sink/delivery-table.ts';
import { loadRows } from '../../sink/sql/load-rows.ts';

export const targets = ['fhir', 'lis'] as const satisfies readonly SyncTarget[];
export type DeliverySubject = { readonly subjectKind: SubjectKind; readonly subjectId: string };

/** The deliveries of one of the subjects asked for, in the order of `targets`. */
export type DeliveriesOf = (subject: DeliverySubject) => readonly DeliveryState[];

export async function readDeliveries(db: Queryable, subjects: readonly DeliverySubject[]): Promise<DeliveriesOf> {
  const rows = await loadRows(db, deliveries, subjects.flatMap(idsOf));
  const found = new Map(rows.map(deliveryFromRow).map((delivery) => [delivery.deliveryId, delivery]));
  return (subject) => idsOf(subject).flatMap((id) => found.get(id) ?? []);
}

const idsOf = (subject: DeliverySubject): readonly string[] => targets.map((target) => deliveryIdOf({ target, ...subject }));

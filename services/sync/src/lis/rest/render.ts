/** Our states as the laboratory's records. Pure. */
import { type OrderState, type PatientState, sha256 } from '@clinstream/contracts';
import { contentDigestOf } from '../../domain/lis/decide-message.ts';
import type { Amendment, NewOrder, Registration } from './contract.ts';

/** Null where the laboratory wants more than we know: half a person is never registered. */
export function registrationOf(patientKey: string, patient: PatientState | null): Registration | null {
  const { familyName, givenName, birthDate, sex } = patient?.demographics ?? nobody;
  const name = [familyName, givenName].filter((part) => part !== null && part !== '').join(' ');
  if (name === '' || birthDate === null || !/^\d{4}-\d\d-\d\d$/.test(birthDate) || sex === null || sex === '') return null;
  return { patient_id: patientKey, name, birth_date: birthDate, gender: sex === 'F' || sex === 'M' ? sex : 'O' };
}

const nobody = { familyName: null, givenName: null, birthDate: null, sex: null };

/** What the order is found by: two hospitals both have an order 1. */
export const testIdOf = (order: OrderState): string => `${order.placerAuthority}|${order.placerNumber}`;

export type OrderContent = Omit<NewOrder, 'patient'>;

export const contentOf = (order: OrderState): OrderContent => ({
  test_id: testIdOf(order),
  test_type: order.code.code,
  specimen_type: order.specimen?.code?.code ?? 'UNKNOWN',
  ordering_physician: order.orderingProvider?.id ?? order.requestedBy,
  order_date: new Date(order.requestedAt).toISOString(),
  ...priorityOf(order),
});

export function amendmentOf(order: OrderState): Amendment {
  const { test_id: _, order_date: __, ...amendment } = contentOf(order);
  return amendment;
}

/** There is no word for asap: nobody waits longer than was asked for, and the real word stands in the notes. */
function priorityOf({ priority, note }: OrderState): Pick<NewOrder, 'priority' | 'notes'> {
  if (priority === 'asap') return { priority: 'stat', notes: ['priority: asap', note ?? ''].join('\n').trim() };
  // What nobody understood does not get here (deliver-order.ts).
  return { priority: priority === 'unknown' ? 'stat' : priority, notes: note ?? '' };
}

/** Of what the laboratory should know: the content, and whether it is to be cancelled. */
export const digestOf = (order: OrderState): string =>
  sha256(JSON.stringify([contentDigestOf(order), order.status === 'cancel_requested']));

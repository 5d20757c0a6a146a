/** Test only: an order of an invented hospital, and the agreement with its laboratory. */
import type { OrderEvent, OrderState } from '@clinstream/contracts';
import { reduceOrder } from '@clinstream/contracts';
import { ordered } from '@clinstream/testkit/events';
import type { LisChannel } from './channel.ts';

export const placedEvent: OrderEvent = ordered('3b0c2f5e-0000-5000-8000-000000000001', {
  patientKey: 'HOSP|HIS|4711',
  placerNumber: 'P1',
  placerAuthority: 'HOSP|OCS',
  code: { code: 'GLU', system: 'L', display: 'Glucose' },
  contentDigest: 'content',
  sourceVersion: 1_795_000_000_000,
  requestedBy: 'OCS',
  requestedAt: 1_795_000_000_000,
});

export type OrderChange = Partial<OrderEvent>;

/** The state after the placement and what followed, each a second later. */
export function orderOf(...changes: readonly OrderChange[]): OrderState {
  const [first = {}, ...rest] = changes;
  const events = [
    { ...placedEvent, ...first },
    ...rest.map((change, i) => ({
      ...placedEvent,
      ...first,
      sourceVersion: placedEvent.sourceVersion + (i + 1) * 1_000,
      ...change,
    })),
  ];
  const state = events.reduce<OrderState | null>(reduceOrder, null);
  if (state === null) throw new Error('no order');
  return state;
}

export const cancelWish: OrderChange = { type: 'OrderCancelRequested' };
export const cancelled: OrderChange = { type: 'OrderCancelled' };

export const testChannel: LisChannel = {
  sendingApplication: 'CLINSTREAM',
  sendingFacility: 'HOSP',
  receivingApplication: 'LIS',
  receivingFacility: 'LAB',
  processingId: 'P',
  charset: 'UNICODE UTF-8',
  acknowledgement: 'original',
  patientIdType: 'PI',
  unknownProvider: 'UNKNOWN',
  urgent: { code: 'R', segment: 'ZPR', field: 1 },
  deduplicates: false,
  answers: {},
};

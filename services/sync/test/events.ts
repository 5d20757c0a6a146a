/** Test only. What the intake reads, by topic, with everything a test does not care about filled in. */
import {
  type AnalysisRequested,
  type ObservationEvent,
  type OrderEvent,
  type PatientEvent,
  type RedeliveryRequested,
  type Topic,
  type TopicEvents,
  topics,
} from '@clinstream/contracts';
import type { DecodedRecord } from '@clinstream/runtime/pipeline';
import * as events from '@clinstream/testkit/events';

export { cluster, patientKey as patient, progressOf, requested, today } from '@clinstream/testkit/events';

const { patientKey: patient, today } = events;

export const ordered = (orderId: string, change: Partial<OrderEvent> = {}): OrderEvent =>
  events.ordered(orderId, { code: { code: 'CBC', system: 'L', display: null }, ...change });

export const observed = (observationId: string, change: Partial<ObservationEvent> = {}): ObservationEvent =>
  events.observed(observationId, {
    code: { code: '718-7', system: 'LN', display: null },
    referenceRange: null,
    effectiveAt: null,
    ...change,
  });

export const merged = (change: Partial<PatientEvent> = {}): PatientEvent => ({
  type: 'PatientsMerged',
  patientKey: patient,
  sourceVersion: today,
  demographics: null,
  mergedInto: null,
  mergedFrom: 'H1|MRN|0002',
  messageId: null,
  ...change,
});

export const redelivery = (subjectId: string, change: Partial<RedeliveryRequested> = {}): RedeliveryRequested => ({
  type: 'RedeliveryRequested',
  target: 'fhir',
  subjectKind: 'order',
  subjectId,
  patientKey: patient,
  requestedBy: 'doctor-1',
  reason: null,
  at: today + 1,
  ...change,
});

export type Placed<T extends Topic = Topic> = events.Placed<T> & { readonly loggedAt?: number };
const at = <T extends Topic>(topic: T, offset: number, event: TopicEvents[T], eventId?: string): Placed<T> => ({
  topic,
  event,
  offset,
  ...(eventId === undefined ? {} : { eventId }),
});
export const onOrders = (offset: number, event: OrderEvent, eventId?: string) => at(topics.orders, offset, event, eventId);
export const onPatients = (offset: number, event: PatientEvent) => at(topics.patients, offset, event);
export const onObservations = (offset: number, event: ObservationEvent) => at(topics.observations, offset, event);
export const onRequests = (offset: number, event: AnalysisRequested) => at(topics.requests.routine, offset, event);
export const onRedeliveries = (offset: number, event: RedeliveryRequested) => at(topics.redeliveries, offset, event);

/** Logged in the order of their offsets. */
export const recordOf = ({ loggedAt, ...placed }: Placed): DecodedRecord =>
  events.recordOf({ ...placed, timestamp: loggedAt ?? today + 1_000 + placed.offset });

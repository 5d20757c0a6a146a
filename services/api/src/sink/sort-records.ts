/** One batch -> inputs per kind, in the order given. Pure. */
import {
  type AlertEvent,
  type AnalysisEvent,
  type DeliveryEvent,
  type MessageEvent,
  type ObservationEvent,
  type OrderEvent,
  type PatientEvent,
  sha256,
} from '@clinstream/contracts';
import type { DecodedRecord } from '@clinstream/runtime/pipeline';
import type { AnalysisInput } from './write-analyses.ts';
import type { KindInput } from './write-kind.ts';

export type SortedRecords = {
  readonly analyses: AnalysisInput[];
  readonly orders: KindInput<OrderEvent>[];
  readonly observations: KindInput<ObservationEvent>[];
  readonly patients: KindInput<PatientEvent>[];
  readonly messages: KindInput<MessageEvent>[];
  readonly deliveries: KindInput<DeliveryEvent>[];
  readonly alerts: KindInput<AlertEvent>[];
};

export function sortRecords(records: readonly DecodedRecord[]): SortedRecords {
  const sorted: SortedRecords = {
    analyses: [],
    orders: [],
    observations: [],
    patients: [],
    messages: [],
    deliveries: [],
    alerts: [],
  };
  for (const record of records) put(sorted, record);
  return sorted;
}

function put(sorted: SortedRecords, record: DecodedRecord): void {
  const { event } = record;
  switch (record.topic) {
    case 'clinical.orders.v1':
      sorted.orders.push(inputOf(record, event as OrderEvent));
      return;
    case 'clinical.observations.v1':
      sorted.observations.push(inputOf(record, event as ObservationEvent));
      return;
    case 'clinical.patients.v1':
      sorted.patients.push(inputOf(record, event as PatientEvent));
      return;
    case 'clinical.messages.v1':
      sorted.messages.push(inputOf(record, event as MessageEvent));
      return;
    case 'sync.deliveries.v1':
      sorted.deliveries.push(inputOf(record, event as DeliveryEvent));
      return;
    case 'clinical.alerts.v1':
      sorted.alerts.push(inputOf(record, event as AlertEvent));
      return;
    // Wishes for those who deliver: the sink does not read them.
    case 'sync.redeliveries.v1':
      return;
    case 'analysis.reviews.v1':
    case 'analysis.progress.v1':
    case 'analysis.requests.stat.v1':
    case 'analysis.requests.urgent.v1':
    case 'analysis.requests.routine.v1':
    case 'analysis.results.stat.v1':
    case 'analysis.results.urgent.v1':
    case 'analysis.results.routine.v1':
      sorted.analyses.push({ event: event as AnalysisEvent, partition: record.partition });
  }
}

const inputOf = <E>({ envelope, timestamp }: DecodedRecord, event: E): KindInput<E> => ({
  event,
  eventId: keyOf(envelope.eventId),
  loggedAt: timestamp,
  receivedAt: Math.min(envelope.occurredAt, timestamp),
});

/** Ours are UUIDs. A foreign producer's may be longer than an index takes, and then its digest stands for it. */
const keyOf = (eventId: string): string => (eventId.length <= 200 ? eventId : sha256(eventId));

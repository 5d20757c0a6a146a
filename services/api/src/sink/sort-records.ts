/** One batch -> inputs per kind, in the order given. Pure. */
import type {
  AnalysisEvent,
  MessageEvent,
  ObservationEvent,
  OrderEvent,
  PatientEvent,
  Topic,
  TopicEvents,
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
};

export function sortRecords(records: readonly DecodedRecord[]): SortedRecords {
  const sorted: SortedRecords = { analyses: [], orders: [], observations: [], patients: [], messages: [] };
  for (const { topic, event, partition, timestamp } of records) put(sorted, topic, event, partition, timestamp);
  return sorted;
}

function put(sorted: SortedRecords, topic: Topic, event: TopicEvents[Topic], partition: number, loggedAt: number): void {
  switch (topic) {
    case 'clinical.orders.v1':
      sorted.orders.push({ event: event as OrderEvent, loggedAt });
      return;
    case 'clinical.observations.v1':
      sorted.observations.push({ event: event as ObservationEvent, loggedAt });
      return;
    case 'clinical.patients.v1':
      sorted.patients.push({ event: event as PatientEvent, loggedAt });
      return;
    case 'clinical.messages.v1':
      sorted.messages.push({ event: event as MessageEvent, loggedAt });
      return;
    case 'analysis.progress.v1':
    case 'analysis.requests.stat.v1':
    case 'analysis.requests.urgent.v1':
    case 'analysis.requests.routine.v1':
    case 'analysis.results.stat.v1':
    case 'analysis.results.urgent.v1':
    case 'analysis.results.routine.v1':
      sorted.analyses.push({ event: event as AnalysisEvent, partition });
  }
}

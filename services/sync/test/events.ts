/** Test only. Events and batches as the intake gets them, with everything a test does not care about filled in. */
import type {
  AnalysisRequested,
  ObservationEvent,
  OrderEvent,
  PatientEvent,
  RedeliveryRequested,
  Topic,
  TopicEvents,
} from '@clinstream/contracts';
import { topics } from '@clinstream/contracts';
import type { DecodedRecord, PartitionProgress } from '@clinstream/runtime/pipeline';

export const cluster = 'cluster-1';
export const patient = 'H1|MRN|0001';
/** 2026-11-22T00:00:00Z. */
export const today = 1_795_305_600_000;

export const ordered = (orderId: string, change: Partial<OrderEvent> = {}): OrderEvent => ({
  type: 'OrderPlaced',
  orderId,
  patientKey: patient,
  placerNumber: `P-${orderId}`,
  placerAuthority: 'HIS',
  fillerNumber: null,
  kind: 'laboratory',
  priority: 'routine',
  code: { code: 'CBC', system: 'L', display: null },
  note: null,
  contentDigest: 'digest-1',
  sourceVersion: today,
  requestedBy: 'HIS',
  requestedAt: today,
  analysisJobId: null,
  messageId: null,
  specimen: null,
  orderingProvider: null,
  parentOrderId: null,
  specimenRejectReasons: [],
  ...change,
});

export const observed = (observationId: string, change: Partial<ObservationEvent> = {}): ObservationEvent => ({
  type: 'ObservationReported',
  observationId,
  patientKey: patient,
  orderId: null,
  fillerNumber: 'F-1',
  code: { code: '718-7', system: 'LN', display: null },
  subId: null,
  value: { numeric: 13.2, comparator: null, text: null, unit: 'g/dL' },
  status: 'final',
  abnormalFlag: null,
  referenceRange: null,
  effectiveAt: null,
  sourceVersion: today,
  messageId: null,
  ...change,
});

export const requested = (jobId: string, change: Partial<AnalysisRequested> = {}): AnalysisRequested => ({
  type: 'AnalysisRequested',
  jobId,
  patientKey: patient,
  generation: 1,
  model: 'breast-cancer',
  modelVersion: null,
  inputSet: 'set',
  features: [],
  subject: null,
  inputProblem: null,
  inputObservations: [],
  evidence: false,
  priority: 'routine',
  orderId: null,
  requestedBy: 'lab-client',
  requestedAt: today,
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

export type Placed<T extends Topic = Topic> = {
  readonly topic: T;
  readonly event: TopicEvents[T];
  readonly offset: number;
  readonly eventId?: string;
  readonly loggedAt?: number;
};
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

export const recordOf = ({ topic, event, offset, eventId, loggedAt = today + 1_000 + offset }: Placed): DecodedRecord => ({
  topic,
  partition: 0,
  offset,
  key: patient,
  timestamp: loggedAt,
  envelope: {
    eventId: eventId ?? `${topic}-${offset}`,
    eventType: event.type,
    occurredAt: today,
    correlationId: 'c',
    traceparent: null,
    source: 'test',
    attempt: 1,
  },
  event,
});

/** What the consumer would say of a batch whose first record follows on what was read before. */
export function progressOf(records: readonly DecodedRecord[]): readonly PartitionProgress[] {
  const names = [...new Set(records.map(({ topic }) => topic))];
  return names.map((topic) => {
    const offsets = records.filter((record) => record.topic === topic).map(({ offset }) => offset);
    return {
      topic,
      partition: 0,
      clusterId: cluster,
      fromOffset: Math.min(...offsets),
      nextOffset: Math.max(...offsets) + 1,
      gaps: [],
    };
  });
}

/** Events, records and batches as a consumer gets them, with everything a test does not care about filled in. */
import type {
  AlertEvent,
  AnalysisEnded,
  AnalysisProgressed,
  AnalysisRequested,
  AnalysisReviewed,
  DeliveryEvent,
  MessageEvent,
  ObservationEvent,
  OrderEvent,
  PatientEvent,
  Topic,
  TopicEvents,
} from '@clinstream/contracts';
import type { DecodedRecord, PartitionProgress } from '@clinstream/runtime/pipeline';

export const cluster = 'cluster-1';
export const patientKey = 'H1|MRN|0001';
/** 2026-11-22T00:00:00Z. */
export const today = 1_795_305_600_000;

export const requested = (jobId: string, change: Partial<AnalysisRequested> = {}): AnalysisRequested => ({
  type: 'AnalysisRequested',
  jobId,
  patientKey,
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

export const progressed = (jobId: string, change: Partial<AnalysisProgressed> = {}): AnalysisProgressed => ({
  type: 'AnalysisProgressed',
  jobId,
  patientKey,
  generation: 1,
  attempt: 1,
  stage: 'predict',
  percent: 50,
  failureCode: null,
  at: today + 10,
  ...change,
});

/** What a run of the model ended with, as its end says it and a review repeats it. */
const result = {
  patientKey,
  generation: 1,
  attempt: 1,
  model: 'breast-cancer',
  modelVersion: '1.0.0',
  modelDigest: 'sha256:aa',
  prediction: { label: 'malignant', probability: 0.93, margin: 2.6 },
  reasons: [],
  startedAt: today + 20,
  endedAt: today + 30,
} as const;

export const ended = (jobId: string, change: Partial<AnalysisEnded> = {}): AnalysisEnded => ({
  type: 'AnalysisCompleted',
  jobId,
  ...result,
  evidence: { method: 'tree-shap', inputSet: 'set', baseValue: -0.3, values: [0.5, -1.25, 0.125] },
  failure: null,
  ...change,
});

export const ordered = (orderId: string, change: Partial<OrderEvent> = {}): OrderEvent => ({
  type: 'OrderPlaced',
  orderId,
  patientKey,
  placerNumber: `P-${orderId}`,
  placerAuthority: 'HIS',
  fillerNumber: null,
  kind: 'laboratory',
  priority: 'routine',
  code: { code: 'CBC', system: 'L', display: 'Blood count' },
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
  patientKey,
  orderId: null,
  fillerNumber: 'F-1',
  code: { code: '718-7', system: 'LN', display: 'Hemoglobin' },
  subId: null,
  value: { numeric: 13.2, comparator: null, text: null, unit: 'g/dL' },
  status: 'final',
  abnormalFlag: null,
  referenceRange: '12-16',
  effectiveAt: '2026-11-22T09:00:00+09:00',
  sourceVersion: today,
  messageId: null,
  ...change,
});

export const registered = (key: string, change: Partial<PatientEvent> = {}): PatientEvent => ({
  type: 'PatientRegistered',
  patientKey: key,
  sourceVersion: today,
  demographics: { familyName: 'Kim', givenName: 'Minji', birthDate: '1970-01', sex: 'F' },
  mergedInto: null,
  mergedFrom: null,
  messageId: null,
  ...change,
});

export const received = (messageId: string, change: Partial<MessageEvent> = {}): MessageEvent => ({
  type: 'MessageReceived',
  messageId,
  listener: 'main',
  sendingApplication: 'LIS',
  sendingFacility: 'H1',
  controlId: 'MSG-1',
  messageType: 'ORU^R01',
  patientKey,
  digest: `digest-of-${messageId}`,
  blobRef: 'sha256:00',
  byteLength: 512,
  acknowledgement: 'AA',
  errorCode: null,
  receivedAt: today,
  ...change,
});

export const reviewed = (jobId: string, change: Partial<AnalysisReviewed> = {}): AnalysisReviewed => ({
  type: 'AnalysisApproved',
  jobId,
  ...result,
  evidence: null,
  inputObservations: [],
  reviewer: 'dr-1',
  reviewerRole: 'doctor',
  comment: null,
  at: today + 100,
  ...change,
});

export const delivered = (subjectId: string, change: Partial<DeliveryEvent> = {}): DeliveryEvent => ({
  type: 'DeliveryDelivered',
  target: 'fhir',
  subjectKind: 'order',
  subjectId,
  patientKey,
  revision: 1,
  contentDigest: 'digest',
  remoteId: `ServiceRequest/${subjectId}`,
  remoteVersion: '1',
  acknowledgement: '200',
  code: null,
  attempts: 1,
  subjectVersion: 1,
  changedAt: today,
  at: today + 50,
  ...change,
});

export const raised = (alertId: string, change: Partial<AlertEvent> = {}): AlertEvent => ({
  type: 'AlertRaised',
  alertId,
  patientKey,
  kind: 'critical_value',
  subjectKind: 'observation',
  subjectId: 'obs',
  level: 0,
  by: null,
  at: today,
  ...change,
});

export type Placed<T extends Topic = Topic> = {
  readonly topic: T;
  readonly event: TopicEvents[T];
  readonly offset: number;
  readonly partition?: number;
  readonly timestamp?: number;
  /** Left out, an id of its own. */
  readonly eventId?: string;
};

export function recordOf({ topic, event, offset, partition = 0, timestamp = today + 1_000, eventId }: Placed): DecodedRecord {
  const envelope = {
    eventId: eventId ?? `${topic}-${partition}-${offset}`,
    eventType: event.type,
    occurredAt: timestamp,
    correlationId: 'c',
    traceparent: null,
    source: 'test',
    attempt: 1,
  };
  return { topic, partition, offset, key: patientKey, timestamp, envelope, event };
}

/** What the consumer would report for these records: each partition from its lowest offset to one beyond its highest. */
export function progressOf(records: readonly DecodedRecord[], clusterId = cluster): readonly PartitionProgress[] {
  const spans = new Map<string, { -readonly [K in keyof PartitionProgress]: PartitionProgress[K] }>();
  for (const { topic, partition, offset } of records) {
    const key = `${topic}:${partition}`;
    const span = spans.get(key) ?? { topic, partition, fromOffset: offset, nextOffset: offset + 1, clusterId, gaps: [] };
    span.fromOffset = Math.min(span.fromOffset, offset);
    span.nextOffset = Math.max(span.nextOffset, offset + 1);
    spans.set(key, span);
  }
  return [...spans.values()];
}

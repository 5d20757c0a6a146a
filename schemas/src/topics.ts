/** Every topic by name, and which event each carries. Retention and partition counts live in infra/topics. */
import {
  AlertEventSchema,
  AnalysisEndedSchema,
  AnalysisProgressedSchema,
  AnalysisRequestedSchema,
  AnalysisReviewedSchema,
  DeliveryEventSchema,
  MessageEventSchema,
  ObservationEventSchema,
  OrderEventSchema,
  PatientEventSchema,
  RedeliveryRequestedSchema,
} from './generated/schemas.ts';
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
  Priority,
  RedeliveryRequested,
} from './generated/types.ts';

/** A lane is one priority's own topics and consumer group, so that a backlog of routine work never delays a stat job. */
export type Lane = 'stat' | 'urgent' | 'routine';
export const lanes: readonly Lane[] = ['stat', 'urgent', 'routine'];

export const topics = {
  patients: 'clinical.patients.v1',
  orders: 'clinical.orders.v1',
  observations: 'clinical.observations.v1',
  messages: 'clinical.messages.v1',
  requests: { stat: 'analysis.requests.stat.v1', urgent: 'analysis.requests.urgent.v1', routine: 'analysis.requests.routine.v1' },
  progress: 'analysis.progress.v1',
  results: { stat: 'analysis.results.stat.v1', urgent: 'analysis.results.urgent.v1', routine: 'analysis.results.routine.v1' },
  reviews: 'analysis.reviews.v1',
  alerts: 'clinical.alerts.v1',
  deliveries: 'sync.deliveries.v1',
  redeliveries: 'sync.redeliveries.v1',
} as const;

/** The event type each topic carries. */
export type TopicEvents = {
  'clinical.patients.v1': PatientEvent;
  'clinical.orders.v1': OrderEvent;
  'clinical.observations.v1': ObservationEvent;
  'clinical.messages.v1': MessageEvent;
  'analysis.requests.stat.v1': AnalysisRequested;
  'analysis.requests.urgent.v1': AnalysisRequested;
  'analysis.requests.routine.v1': AnalysisRequested;
  'analysis.progress.v1': AnalysisProgressed;
  'analysis.results.stat.v1': AnalysisEnded;
  'analysis.results.urgent.v1': AnalysisEnded;
  'analysis.results.routine.v1': AnalysisEnded;
  'analysis.reviews.v1': AnalysisReviewed;
  'clinical.alerts.v1': AlertEvent;
  'sync.deliveries.v1': DeliveryEvent;
  'sync.redeliveries.v1': RedeliveryRequested;
};
export type Topic = keyof TopicEvents;

/** The Avro schema each topic's values are written with (subject `<topic>-value`). */
export const schemaOf: Readonly<Record<Topic, object>> = {
  'clinical.patients.v1': PatientEventSchema,
  'clinical.orders.v1': OrderEventSchema,
  'clinical.observations.v1': ObservationEventSchema,
  'clinical.messages.v1': MessageEventSchema,
  'analysis.requests.stat.v1': AnalysisRequestedSchema,
  'analysis.requests.urgent.v1': AnalysisRequestedSchema,
  'analysis.requests.routine.v1': AnalysisRequestedSchema,
  'analysis.progress.v1': AnalysisProgressedSchema,
  'analysis.results.stat.v1': AnalysisEndedSchema,
  'analysis.results.urgent.v1': AnalysisEndedSchema,
  'analysis.results.routine.v1': AnalysisEndedSchema,
  'analysis.reviews.v1': AnalysisReviewedSchema,
  'clinical.alerts.v1': AlertEventSchema,
  'sync.deliveries.v1': DeliveryEventSchema,
  'sync.redeliveries.v1': RedeliveryRequestedSchema,
};

export const allTopics: readonly Topic[] = Object.keys(schemaOf) as Topic[];

/** Registry subject of a topic's values. */
export const subjectOf = (topic: string): string => `${topic}-value`;

/** FHIR's `asap` shares the stat lane; an unknown priority is routine. */
export function laneOf(priority: Priority): Lane {
  if (priority === 'stat' || priority === 'asap') return 'stat';
  return priority === 'urgent' ? 'urgent' : 'routine';
}

/** Waits a group's retry topics offer, shortest first; a longer wait passes through several. */
export const retryTiers = [
  { name: '30s', delayMs: 30_000 },
  { name: '5m', delayMs: 300_000 },
  { name: '1h', delayMs: 3_600_000 },
] as const;
export type RetryTier = (typeof retryTiers)[number];

export const retryTopicOf = (group: string, tier: RetryTier): string => `${group}.retry-${tier.name}.v1`;
/** Whether records there are another topic's, on their way to another try. */
export const isRetryTopic = (topic: string): boolean => topic.includes('.retry-');
export const deadLetterTopicOf = (group: string): string => `${group}.dead-letter.v1`;

/** Consumer groups that exist today. */
export const groups = {
  inference: { stat: 'inference-stat', urgent: 'inference-urgent', routine: 'inference-routine' },
  sink: 'api-sink',
  sync: { fhir: 'sync-fhir', lis: 'sync-lis' },
} as const;

/**
 * Neither the sink nor the sync groups have retry tiers: they write batches in order to a table of their own and wait in place, so what
 * cannot be written yet holds what follows (ADR 0004, ADR 0011).
 */
export const retryingGroups: readonly string[] = Object.values(groups.inference);
export const allGroups: readonly string[] = [...retryingGroups, groups.sink, ...Object.values(groups.sync)];

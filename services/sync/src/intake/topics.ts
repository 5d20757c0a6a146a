/** What each target's group reads, and which subject an event is about. */
import {
  type AnalysisEvent,
  groups,
  lanes,
  type ObservationEvent,
  type OrderEvent,
  type PatientEvent,
  type RedeliveryRequested,
  reduceAnalysis,
  reduceObservation,
  reduceOrder,
  type Topic,
  topics,
} from '@clinstream/contracts';
import type { DecodedRecord } from '@clinstream/runtime/pipeline';
import type { TargetName } from '../delivery/target.ts';
import { reduceKnownPatient } from '../domain/known-patient.ts';
import type { Subject, SubjectKind } from '../domain/subject.ts';

const clinical: readonly Topic[] = [topics.patients, topics.orders, topics.observations, topics.redeliveries];
const analyses: readonly Topic[] = [
  ...lanes.map((lane) => topics.requests[lane]),
  ...lanes.map((lane) => topics.results[lane]),
  topics.progress,
  topics.reviews,
];

/** A laboratory is told nothing of AI jobs. */
export const topicsOf: Readonly<Record<TargetName, readonly Topic[]>> = { fhir: [...clinical, ...analyses], lis: clinical };
export const groupOf: Readonly<Record<TargetName, string>> = groups.sync;

export type SubjectName = { readonly kind: SubjectKind; readonly id: string };
/** What one record does: changes a subject, or asks for one to be delivered again. */
export type Input = SubjectName & {
  /** Clinical facts take effect once by their id, whatever message time they come under later (ADR 0004). */
  readonly isClinical: boolean;
  readonly eventId: string;
  readonly loggedAt: number;
  /** It is old, and was there before the target was first told anything. */
  readonly isHistory: boolean;
  /** The very same state when nothing changes; null when this asks for a redelivery. */
  readonly reduce: ((state: Subject | null) => Subject | null) | null;
  /** When a redelivery was asked for. */
  readonly askedAt: number;
};

export function inputOf(
  target: TargetName,
  { topic, event, envelope, timestamp }: DecodedRecord,
  isHistory: boolean,
): Input | null {
  const base = { eventId: envelope.eventId, loggedAt: timestamp, isHistory, isClinical: false, askedAt: 0 };
  switch (topic) {
    case 'clinical.patients.v1':
      return {
        ...base,
        isClinical: true,
        kind: 'patient',
        id: (event as PatientEvent).patientKey,
        reduce: ofPatient(timestamp)(event as PatientEvent),
      };
    case 'clinical.orders.v1':
      return {
        ...base,
        isClinical: true,
        kind: 'order',
        id: (event as OrderEvent).orderId,
        reduce: ofOrder(event as OrderEvent),
      };
    case 'clinical.observations.v1': {
      const one = event as ObservationEvent;
      return { ...base, isClinical: true, kind: 'observation', id: one.observationId, reduce: ofObservation(one) };
    }
    case 'sync.redeliveries.v1':
      return redelivery(target, event as RedeliveryRequested, base);
    case 'clinical.messages.v1':
    case 'clinical.alerts.v1':
    case 'sync.deliveries.v1':
      return null;
    default:
      return { ...base, kind: 'analysis', id: (event as AnalysisEvent).jobId, reduce: ofAnalysis(event as AnalysisEvent) };
  }
}

type Base = Omit<Input, 'kind' | 'id' | 'reduce'>;
function redelivery(target: TargetName, event: RedeliveryRequested, base: Base): Input | null {
  if (event.type !== 'RedeliveryRequested' || event.target !== target || event.subjectKind === 'unknown') return null;
  return { ...base, kind: event.subjectKind, id: event.subjectId, reduce: null, askedAt: event.at };
}

/** The state inside a subject, reduced; the subject itself when nothing changed. */
const reducing =
  <S extends Subject, E>(kind: S['kind'], reduce: (state: S['state'] | null, event: E) => S['state'] | null) =>
  (event: E) =>
  (subject: Subject | null): Subject | null => {
    const before = subject?.kind === kind ? (subject.state as S['state']) : null;
    const after = reduce(before, event);
    return after === null || after === before ? subject : ({ kind, state: after } as S);
  };

const ofPatient = (loggedAt: number) =>
  reducing<Extract<Subject, { kind: 'patient' }>, PatientEvent>('patient', reduceKnownPatient(loggedAt));
const ofOrder = reducing<Extract<Subject, { kind: 'order' }>, OrderEvent>('order', reduceOrder);
const ofObservation = reducing<Extract<Subject, { kind: 'observation' }>, ObservationEvent>('observation', reduceObservation);
const ofAnalysis = reducing<Extract<Subject, { kind: 'analysis' }>, AnalysisEvent>('analysis', reduceAnalysis);

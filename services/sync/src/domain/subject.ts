/** What a target is told about: one patient, order, observation or AI job in its current state. Pure. */
import { type AnalysisState, type ObservationState, type OrderState, observationIdUnder } from '@clinstream/contracts';
import type { KnownPatient } from './known-patient.ts';

export type SubjectKind = 'patient' | 'order' | 'observation' | 'analysis';
/** Also the order in which the subjects of one patient are delivered: what is referred to comes first. */
export const subjectKinds: readonly SubjectKind[] = ['patient', 'order', 'observation', 'analysis'];

export type Subject =
  | { readonly kind: 'patient'; readonly state: KnownPatient }
  | { readonly kind: 'order'; readonly state: OrderState }
  | { readonly kind: 'observation'; readonly state: ObservationState }
  | { readonly kind: 'analysis'; readonly state: AnalysisState };

/**
 * What else a rendering needs, as far as it is known now. A change of an order or an input makes what is rendered with it (`linksOf`) wait
 * again, and a merge the analyses of either patient (facts 6.4); another change of the patient, or a new result of an order, does not.
 */
export type Related = {
  readonly patient: KnownPatient | null;
  /** The order an observation or an analysis belongs to, or an order was added to. */
  readonly order: OrderState | null;
  /** The inputs of an analysis, the results of an order. */
  readonly observations: readonly ObservationState[];
};

/** Patient key, order id, observation id or job id. */
export function idOf(subject: Subject): string {
  switch (subject.kind) {
    case 'patient':
      return subject.state.patientKey;
    case 'order':
      return subject.state.orderId;
    case 'observation':
      return subject.state.observationId;
    case 'analysis':
      return subject.state.jobId;
  }
}

/** What its deliveries are serialised by: the patient, or the job where it has none. */
export const laneKeyOf = (subject: Subject): string => subject.state.patientKey ?? idOf(subject);

/** What it is rendered from, as text that is equal when nothing of it changed: without versions, which depend on the order of arrival. */
export const basisOf = (subject: Subject, related: Related): string =>
  JSON.stringify([subject, related], (field, value: unknown) => (field === 'version' ? undefined : value));

/** Whether a result is one of the inputs: by its id, or by the one it has under the number of the analysis' own order. */
export function isInput(one: ObservationState, inputs: readonly string[], order: OrderState | null): boolean {
  if (inputs.includes(one.observationId)) return true;
  const isOfOrder = order !== null && one.orderId === order.orderId && one.patientKey === order.patientKey;
  return isOfOrder && inputs.includes(observationIdUnder(order, one));
}

/** Ids of the subjects it is rendered with. The patient only of an analysis: nothing else shows a merge. */
export function linksOf(subject: Subject): readonly string[] {
  switch (subject.kind) {
    case 'patient':
      return [];
    case 'order':
      return subject.state.parentOrderId === null ? [] : [subject.state.parentOrderId];
    case 'observation':
      return subject.state.orderId === null ? [] : [subject.state.orderId];
    case 'analysis':
      return linksOfAnalysis(subject.state);
  }
}

/** Also the inputs of results that were reviewed: an approved one stands while the job is run again with others (facts 6.5, 6.10). */
function linksOfAnalysis({ orderId, patientKey, inputObservations, reviews }: AnalysisState): readonly string[] {
  const inputs = [...inputObservations, ...reviews.flatMap((review) => review.inputObservations)];
  return [...new Set([orderId, patientKey, ...inputs].filter((id) => id !== null))];
}

/**
 * From what we know of one subject to the FHIR R4 resources that say so (ADR 0011, facts 6). Pure: the same state gives the same resources,
 * so equal digests mean that nothing needs to be sent.
 *
 * Promise: deterministic ids; what is referred to stands before what refers to it; no birth date, name, sex or resident registration number.
 * Non-promise: that what other subjects own (an input's Observation, the order) stands on the server already: subjects of one patient are
 * delivered in the order of `subjectKinds`. The Patient belongs to no one subject and comes with each: its content depends on
 * `related.patient` alone, so whichever bundle carries it says the same.
 *
 * `canonicalDigest` and `versionOfSource` (source-version.ts) are how renderings are compared with each other and with what a server holds.
 */
import type { AnalysisState, ObservationState, OrderState } from '@clinstream/contracts';
import { laneKeyOf, type Subject } from '../subject.ts';
import { renderAnalysis } from './analysis.ts';
import { compact } from './compact.ts';
import { renderObservation } from './observation.ts';
import { renderOrder } from './order.ts';
import { hasContent } from './order-status.ts';
import { identityOf } from './parts.ts';
import { renderPatient } from './patient.ts';
import type { HeldCode, RenderContext, Rendering } from './types.ts';

export function render(subject: Subject, context: RenderContext): Rendering {
  const patientKey = laneKeyOf(subject);
  if (subject.state.patientKey === null) return nothing('NO_PATIENT');
  if (identityOf(patientKey) === null) return nothing('PATIENT_IDENTIFIER_REFUSED');
  const { resources, held } = renderSubject(subject, context);
  const state = subject.kind === 'patient' ? subject.state : context.related.patient;
  const patient = renderPatient(patientKey, state, context);
  if (subject.kind === 'patient')
    return patient === null ? nothing('PATIENT_NOT_WRITTEN') : { resources: [compact(patient)], held: null };
  const all = patient === null || resources.length === 0 ? resources : [patient, ...resources];
  return { resources: all.map(compact), held };
}

const nothing = (held: HeldCode): Rendering => ({ resources: [], held });

function renderSubject(subject: Subject, context: RenderContext): Rendering {
  switch (subject.kind) {
    case 'patient':
      return { resources: [], held: null };
    case 'order':
      return ofOrder(subject.state, context);
    case 'observation':
      return ofObservation(subject.state, context);
    case 'analysis':
      return ofAnalysis(subject.state, context);
  }
}

const ofOrder = (state: OrderState, context: RenderContext): Rendering =>
  hasContent(state) ? { resources: renderOrder(state, context), held: null } : nothing('ORDER_CONTENT_UNKNOWN');

const ofObservation = (state: ObservationState, context: RenderContext): Rendering => ({
  resources: [renderObservation(state, context)],
  held: null,
});

const ofAnalysis = (state: AnalysisState, context: RenderContext): Rendering =>
  state.patientKey === null ? nothing('NO_PATIENT') : renderAnalysis(state, state.patientKey, context);

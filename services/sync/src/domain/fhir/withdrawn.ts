/**
 * What stood there and is released no more is entered in error (facts 6.5, 6.10): it says that it is withdrawn and nothing else, so that nobody
 * acts on it; the server's history keeps what it said. Pure.
 */
import type { AnalysisState } from '@clinstream/contracts';
import type { CodeableConcept, DiagnosticReport, Observation, RiskAssessment } from 'fhir/r4.d.ts';
import { ids } from './ids.ts';
import { absenceOf } from './observation.ts';
import { aiMeta, subjectOf } from './parts.ts';
import { ownCodes } from './systems.ts';
import { narrative } from './text.ts';
import type { FhirResource, RenderContext } from './types.ts';

export type Withdrawal = {
  readonly state: AnalysisState;
  readonly patientKey: string;
  readonly context: RenderContext;
  /** References of what still stands. */
  readonly kept: readonly string[];
  readonly reason: string;
};

/** Of the results of the job that the ledger says stand there, all but those kept. */
export function renderWithdrawn(withdrawal: Withdrawal): readonly FhirResource[] {
  const { context, kept, state } = withdrawal;
  const standing = (reference: string): boolean => context.delivered.includes(reference) && !kept.includes(reference);
  const withdrawn: FhirResource[] = [];
  for (const id of [ids.prediction(state.jobId), ids.evidence(state.jobId)]) {
    if (standing(`Observation/${id}`)) withdrawn.push(observation(id, withdrawal));
  }
  if (standing(`DiagnosticReport/${ids.report(state.jobId)}`)) withdrawn.push(report(withdrawal));
  if (standing(`RiskAssessment/${ids.risk(state.jobId)}`)) withdrawn.push(risk(withdrawal));
  return withdrawn;
}

const status = 'entered-in-error';

function commonParts({ state, patientKey, context, reason }: Withdrawal) {
  const isDemonstration = context.manifests.some(({ name, demonstration }) => name === state.model && demonstration);
  return {
    meta: aiMeta(context.settings, isDemonstration),
    text: narrative('Withdrawn.', reason),
    code: codeOfModel(state, context),
    subject: subjectOf(patientKey, context),
  };
}

function codeOfModel({ model }: AnalysisState, { settings }: RenderContext): CodeableConcept {
  if (model === null) return { text: 'AI analysis' };
  return { coding: [{ system: ownCodes(settings, 'model'), code: model }], text: model };
}

const observation = (id: string, withdrawal: Withdrawal): Observation => ({
  resourceType: 'Observation',
  id,
  ...commonParts(withdrawal),
  status,
  dataAbsentReason: absenceOf('entered_in_error'),
  note: [{ text: withdrawal.reason }],
});

const report = (withdrawal: Withdrawal): DiagnosticReport => ({
  resourceType: 'DiagnosticReport',
  id: ids.report(withdrawal.state.jobId),
  ...commonParts(withdrawal),
  status,
  conclusion: `Withdrawn. ${withdrawal.reason}`,
});

const risk = (withdrawal: Withdrawal): RiskAssessment => ({
  resourceType: 'RiskAssessment',
  id: ids.risk(withdrawal.state.jobId),
  ...commonParts(withdrawal),
  status,
  note: [{ text: withdrawal.reason }],
});

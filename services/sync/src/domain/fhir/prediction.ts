/**
 * A released AI result (facts 6.11): what is the case now is an Observation in a DiagnosticReport, what may become the case a RiskAssessment.
 * One probability has two scales: `probabilityDecimal` and `%` are percentages, the AI confidence is a share of 0..1. Pure.
 */
import type { AnalysisState, ModelManifest } from '@clinstream/contracts';
import type { Annotation, CodeableConcept, DiagnosticReport, Extension, Observation, RiskAssessment } from 'fhir/r4.d.ts';
import type { Release, Result } from './decide-release.ts';
import { demonstrationWords, deviceReference } from './device.ts';
import { ids } from './ids.ts';
import { aiMeta, inputReferences, orderReference, practitioner, subjectOf } from './parts.ts';
import { complementOf, percentOf, wordsOfPercent } from './quantity.ts';
import { ownCodes, systems } from './systems.ts';
import { lineOf, narrative } from './text.ts';
import { instantOrNone } from './time.ts';
import type { RenderContext } from './types.ts';

/** A release, its job and its model. */
export type Released = Release & {
  readonly jobId: string;
  readonly patientKey: string;
  readonly manifest: ModelManifest;
  readonly context: RenderContext;
};

export const releasedOf = (
  release: Release,
  state: AnalysisState,
  patientKey: string,
  rest: Pick<Released, 'manifest' | 'context'>,
): Released => ({
  ...release,
  jobId: state.jobId,
  patientKey,
  ...rest,
});

/** Evidence, when there is any, is a result beside the prediction. */
export function renderDiagnosis(released: Released, evidence: Observation | null): readonly [Observation, DiagnosticReport] {
  const observation = predictionObservation(released);
  return [observation, report(released, [observation, ...(evidence === null ? [] : [evidence])])];
}

function predictionObservation(released: Released): Observation {
  const { result, manifest, context } = released;
  const share = result.prediction.probability;
  return {
    resourceType: 'Observation',
    id: ids.prediction(released.jobId),
    ...commonParts(released),
    extension: confidenceOf(result, manifest),
    status: released.status,
    code: modelConcept(released),
    effectiveDateTime: instantOrNone(result.endedAt),
    valueCodeableConcept: outcomeConcept(result.prediction.label, released),
    note: notesOf(released),
    device: deviceReference(result, context.manifests, context.settings),
    derivedFrom: inputsOf(released),
    component: [
      {
        code: {
          coding: [{ system: ownCodes(context.settings, 'analysis'), code: 'probability' }],
          text: `Probability of ${manifest.outputs.positive}`,
        },
        valueQuantity: { value: percentOf(share), unit: '%', system: systems.ucum, code: '%' },
      },
    ],
  };
}

function report(released: Released, results: readonly Observation[]): DiagnosticReport {
  const { result, review, context } = released;
  return {
    resourceType: 'DiagnosticReport',
    id: ids.report(released.jobId),
    ...commonParts(released),
    status: released.status,
    code: modelConcept(released),
    effectiveDateTime: instantOrNone(result.endedAt),
    issued: instantOrNone(review?.at ?? result.endedAt),
    resultsInterpreter: review === null ? undefined : [practitioner(context.settings, 'reviewer', review.reviewer)],
    result: results.map(({ id }) => ({ reference: `Observation/${id}` })),
    conclusion: wordsOf(released).join(' '),
    conclusionCode: [outcomeConcept(result.prediction.label, released)],
  };
}

export function renderRisk(released: Released): RiskAssessment {
  const { result, manifest, context } = released;
  const { basedOn, ...common } = commonParts(released);
  const share = result.prediction.probability;
  return {
    resourceType: 'RiskAssessment',
    id: ids.risk(released.jobId),
    ...common,
    basedOn: basedOn?.[0],
    status: released.status,
    code: modelConcept(released),
    occurrenceDateTime: instantOrNone(result.endedAt),
    performer: deviceReference(result, context.manifests, context.settings),
    basis: inputsOf(released),
    prediction: [
      {
        extension: [confidence(share)],
        outcome: outcomeConcept(manifest.outputs.positive, released),
        probabilityDecimal: percentOf(share),
        qualitativeRisk: outcomeConcept(result.prediction.label, released),
      },
    ],
    note: notesOf(released),
  };
}

function commonParts(released: Released) {
  const { context, patientKey, manifest } = released;
  const order = orderReference(context.related.order, patientKey);
  return {
    meta: aiMeta(context.settings, manifest.demonstration),
    text: narrative(titleOf(released), ...wordsOf(released)),
    basedOn: order === null ? undefined : [order],
    subject: subjectOf(patientKey, context),
  };
}

/** Share of 0..1 (AI Transparency on FHIR), where `probabilityDecimal` is a percentage. */
const confidence = (share: number): Extension => ({ url: systems.aiConfidence, valueDecimal: share });

/** In the label recorded: of the negative one it is what the probability of the positive one leaves. Unknown labels have none. */
function confidenceOf({ prediction }: Result, { outputs }: ModelManifest): Extension[] | undefined {
  if (prediction.label === outputs.positive) return [confidence(prediction.probability)];
  return prediction.label === outputs.negative ? [confidence(complementOf(prediction.probability))] : undefined;
}

const titleOf = ({ manifest }: Released): string => lineOf(manifest.title) ?? manifest.name;

export function modelConcept(released: Released): CodeableConcept {
  const { manifest, context } = released;
  return { coding: [{ system: ownCodes(context.settings, 'model'), code: manifest.name }], text: titleOf(released) };
}

const outcomeConcept = (label: string, { manifest, context }: Released): CodeableConcept => ({
  coding: [{ system: ownCodes(context.settings, 'model', manifest.name), code: label }],
  text: label,
});

export const inputsOf = ({ result, patientKey, context }: Released) =>
  inputReferences(result.inputObservations, context.related.observations, patientKey);

export const staleWords = 'An input was corrected after this analysis, which has not been repeated.';

function notesOf(released: Released): Annotation[] {
  return warningsOf(released).map((text) => ({ text }));
}

const warningsOf = ({ manifest, corrected }: Released): readonly string[] => [
  ...(manifest.demonstration ? [demonstrationWords] : []),
  ...(corrected.length > 0 ? [staleWords] : []),
];

/** What a clinician reads, the warnings first. */
function wordsOf(released: Released): readonly string[] {
  const { result, manifest, status } = released;
  const { label, probability } = result.prediction;
  return [
    ...warningsOf(released),
    ...(status === 'preliminary' ? ['Not reviewed by a clinician.'] : []),
    `Artificial intelligence says: ${label}. Probability of ${manifest.outputs.positive}: ${wordsOfPercent(probability)}.`,
    `Model ${manifest.name} ${manifest.version}.`,
  ];
}

/**
 * What becomes of one requested job before any model is asked. Pure; holds every rule.
 *   run      the model may answer
 *   abstain  the model could, but the case lies outside what it is meant for: no number is given, with the reasons as codes
 *   fail     the job cannot be run, now or later, with one code and the input concerned (never its value)
 *   skip     an event this version does not know
 * A rule about age or sex applies only where they are known: an unknown age is not an age outside the range.
 */
import type { AnalysisRequested, ModelManifest, Subject } from '@clinstream/contracts';
import type { Catalogue, KnownModel } from './catalogue.ts';

export type AbstainReason = 'OUTSIDE_POPULATION_AGE' | 'OUTSIDE_POPULATION_SEX' | 'OUTSIDE_INPUT_RANGE';

export type Decision<M extends KnownModel> =
  | { readonly kind: 'run'; readonly model: M; readonly explain: boolean }
  | { readonly kind: 'abstain'; readonly model: M; readonly reasons: readonly AbstainReason[] }
  | Failed<M>
  | { readonly kind: 'skip'; readonly reason: string };

export function decideRun<M extends KnownModel>(event: AnalysisRequested, catalogue: Catalogue<M>): Decision<M> {
  if (event.type !== 'AnalysisRequested') return { kind: 'skip', reason: 'UNKNOWN_EVENT_TYPE' };
  const found = catalogue.find(event.model, event.modelVersion);
  const model = found.kind === 'found' ? found.model : null;
  if (event.inputProblem !== null) return { kind: 'fail', model, code: event.inputProblem.code, input: event.inputProblem.input };
  if (model === null) return fail<M>(null, found.kind === 'unknown-model' ? 'MODEL_UNKNOWN' : 'MODEL_VERSION_UNKNOWN');
  if (event.inputSet !== model.inputSet || event.features.length !== model.manifest.inputs.length)
    return fail(model, 'INPUT_SET_MISMATCH');
  const unreadable = firstUnreadable(event.features);
  if (unreadable !== -1) return fail(model, 'INPUT_NOT_A_NUMBER', model.manifest.inputs[unreadable]?.name ?? null);
  const reasons = reasonsToAbstain(model.manifest, event);
  if (reasons.length > 0) return { kind: 'abstain', model, reasons };
  return { kind: 'run', model, explain: wantsEvidence(model.manifest, event) };
}

/** Loops and plain arithmetic, here and below: whatever takes a value as an object makes an object of it, thirty a job. */
function firstUnreadable(features: readonly number[]): number {
  for (let i = 0; i < features.length; i++) if (!isReadable(features[i] as number)) return i;
  return -1;
}
const isReadable = (value: number): boolean => value - value === 0;

type Failed<M> = { readonly kind: 'fail'; readonly model: M | null; readonly code: string; readonly input: string | null };

const fail = <M>(model: M | null, code: string, input: string | null = null): Failed<M> => ({
  kind: 'fail',
  model,
  code,
  input,
});

/** Asked for by the job, or by the model for all its jobs. */
const wantsEvidence = (manifest: ModelManifest, event: AnalysisRequested): boolean =>
  manifest.evidence !== null && (event.evidence || manifest.evidence.default);

function reasonsToAbstain(manifest: ModelManifest, event: AnalysisRequested): readonly AbstainReason[] {
  const age = isAgeOutside(manifest.population, event.subject);
  const sex = isSexOutside(manifest.population, event.subject);
  const range = isAnyInputOutside(manifest, event.features);
  if (!age && !sex && !range) return none;
  return [
    ...(age ? (['OUTSIDE_POPULATION_AGE'] as const) : none),
    ...(sex ? (['OUTSIDE_POPULATION_SEX'] as const) : none),
    ...(range ? (['OUTSIDE_INPUT_RANGE'] as const) : none),
  ];
}
const none: readonly AbstainReason[] = [];

type Population = ModelManifest['population'];

function isAgeOutside({ minimumAgeYears, maximumAgeYears }: Population, subject: Subject | null): boolean {
  const age = subject?.ageYears ?? null;
  if (age === null) return false;
  return (minimumAgeYears !== null && age < minimumAgeYears) || (maximumAgeYears !== null && age > maximumAgeYears);
}

/** HL7 table 0001; U (unknown) is not a sex outside the population. */
function isSexOutside({ sexes }: Population, subject: Subject | null): boolean {
  const sex = subject?.sex ?? null;
  return sexes !== null && sex !== null && sex !== '' && sex !== 'U' && !sexes.includes(sex);
}

/** Of every input there is a value: checked before. */
function isAnyInputOutside({ inputs }: ModelManifest, features: readonly number[]): boolean {
  for (let i = 0; i < inputs.length; i++) {
    const { minimum, maximum } = inputs[i] as ModelManifest['inputs'][number];
    const value = features[i] as number;
    if (value < minimum || value > maximum) return true;
  }
  return false;
}

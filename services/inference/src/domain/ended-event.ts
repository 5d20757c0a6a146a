/** The one event that ends an attempt at a job, for every way it can end. Pure. */
import type { AnalysisEnded, AnalysisRequested } from '@clinstream/contracts';
import type { KnownModel } from './catalogue.ts';
import type { AbstainReason } from './decide-run.ts';

/** What a model said of one case. */
export type Answer = {
  /** 0..1, of the positive class. */
  readonly probability: number;
  readonly evidence: { readonly margin: number; readonly baseValue: number; readonly values: readonly number[] } | null;
};

export type Ending =
  | { readonly kind: 'completed'; readonly model: KnownModel; readonly answer: Answer }
  | { readonly kind: 'abstain'; readonly model: KnownModel; readonly reasons: readonly AbstainReason[] }
  | { readonly kind: 'fail'; readonly model: KnownModel | null; readonly code: string; readonly input: string | null };

/** When and as which try the job was worked on; times in epoch milliseconds. */
export type Try = { readonly attempt: number; readonly startedAt: number; readonly endedAt: number };

export function endedEvent(event: AnalysisRequested, ending: Ending, { attempt, startedAt, endedAt }: Try): AnalysisEnded {
  const manifest = ending.model?.manifest ?? null;
  return {
    type: typeOf[ending.kind],
    jobId: event.jobId,
    patientKey: event.patientKey,
    generation: event.generation,
    attempt,
    model: event.model,
    modelVersion: manifest?.version ?? event.modelVersion,
    modelDigest: manifest?.digest ?? null,
    prediction: ending.kind === 'completed' ? predictionOf(ending) : null,
    evidence: ending.kind === 'completed' ? evidenceOf(ending) : null,
    reasons: ending.kind === 'abstain' ? ending.reasons : [],
    failure: ending.kind === 'fail' ? { code: ending.code, input: ending.input } : null,
    startedAt,
    endedAt,
  };
}

/** The same attempt at the same generation always ends under the same id, whoever publishes it and how often. */
export const endedEventId = (event: AnalysisRequested, attempt: number): string =>
  `${event.jobId}:${event.generation}:${attempt}:ended`;

const typeOf = { completed: 'AnalysisCompleted', abstain: 'AnalysisAbstained', fail: 'AnalysisFailed' } as const;

type Completed = Extract<Ending, { kind: 'completed' }>;

/** The label follows from the very probability that is shown. */
function predictionOf({ model, answer }: Completed): AnalysisEnded['prediction'] {
  const { positive, negative, threshold } = model.manifest.outputs;
  return {
    label: answer.probability >= threshold ? positive : negative,
    probability: answer.probability,
    margin: answer.evidence?.margin ?? null,
  };
}

function evidenceOf({ model, answer }: Completed): AnalysisEnded['evidence'] {
  if (answer.evidence === null || model.manifest.evidence === null) return null;
  const { baseValue, values } = answer.evidence;
  return { method: model.manifest.evidence.method, inputSet: model.inputSet, baseValue, values };
}

/**
 * One requested job in, one end of it out. The result is in the log before the request counts as done; if we die in between, the job runs
 * again and ends under the same event id. What comes after the time of its attempt is up is not published: another attempt, or the end as
 * failed, is already under way.
 */
import type { AnalysisRequested, Lane, topics } from '@clinstream/contracts';
import { done, skip } from '@clinstream/runtime/consumer';
import { type AppError, classify } from '@clinstream/runtime/errors';
import type { EventContext, Handler } from '@clinstream/runtime/pipeline';
import type { Telemetry } from '@clinstream/runtime/telemetry';
import type { Catalogue } from '../domain/catalogue.ts';
import { type Decision, decideRun } from '../domain/decide-run.ts';
import type { Answer, Ending } from '../domain/ended-event.ts';
import { inferenceError } from '../errors.ts';
import type { Model } from '../models/model-files.ts';
import type { ModelWorkers, PredictRequest } from '../runners/onnx/model-workers.ts';
import type { JobEvents } from './job-events.ts';

type RequestTopic = (typeof topics.requests)[Lane];

export type AnalysisRequestedDeps = {
  readonly lane: Lane;
  readonly catalogue: Catalogue<Model>;
  readonly workers: Pick<ModelWorkers, 'predict'>;
  readonly events: JobEvents;
  readonly telemetry: Pick<Telemetry, 'clock'>;
};

export function createAnalysisRequestedHandler(deps: AnalysisRequestedDeps): Handler<RequestTopic> {
  const { catalogue, events, telemetry, workers } = deps;
  return async (event, context) => {
    const startedAt = telemetry.clock.now();
    const decision = decideRun(event, catalogue);
    if (decision.kind === 'skip') return skip(decision.reason);
    let ending: Ending;
    try {
      ending =
        decision.kind === 'run' ? completed(decision, await workers.predict(asked(decision, event, context, deps))) : decision;
    } catch (error) {
      throw failedTry(error, { model: decision.model, event, context, events });
    }
    if (context.isAborted) throw inferenceError('JOB_ABANDONED');
    await events.ended(event, context, ending, startedAt);
    return done;
  };
}

/** Tries a job gets in all: what its model's manifest says. Jobs for no model of ours end at once. */
export const createAttemptsOf =
  (catalogue: Catalogue<Model>) =>
  (event: AnalysisRequested): number => {
    const found = catalogue.find(event.model, event.modelVersion);
    return found.kind === 'found' ? found.model.manifest.limits.attempts : 1;
  };

/** After the last attempt: the job ends as failed, with the code of what went wrong. */
export const createExhaustedHandler =
  ({ catalogue, events, telemetry }: AnalysisRequestedDeps) =>
  async (event: AnalysisRequested, error: Error, context: EventContext): Promise<void> => {
    if (event.type !== 'AnalysisRequested') return;
    const found = catalogue.find(event.model, event.modelVersion);
    const model = found.kind === 'found' ? found.model : null;
    const { code } = classify(error, 'process');
    await events.ended(event, context, { kind: 'fail', model, code, input: null }, telemetry.clock.now());
  };

type Run = Extract<Decision<Model>, { kind: 'run' }>;

const completed = ({ model }: Run, answer: Answer): Ending => ({ kind: 'completed', model, answer });

const asked = (
  { model, explain }: Run,
  event: AnalysisRequested,
  context: EventContext,
  { lane, events }: AnalysisRequestedDeps,
): PredictRequest => ({
  model,
  lane,
  features: event.features,
  explain,
  alone: context.attempt > 1,
  caller: context,
  onLongRun: () => events.started(event, context),
});

type Tried = Pick<AnalysisRequestedDeps, 'events'> & {
  readonly model: Model | null;
  readonly event: AnalysisRequested;
  readonly context: EventContext;
};

/** Why the try failed; tells it when there will be another. */
function failedTry(error: unknown, { model, event, context, events }: Tried): AppError {
  const reason = classify(error, 'process');
  const attempts = model?.manifest.limits.attempts ?? 1;
  if (willBeRetried(reason, context, attempts)) events.retried(event, context, reason.code);
  return reason;
}

const willBeRetried = (error: AppError, context: EventContext, attempts: number): boolean =>
  error.kind === 'retryable' && error.scope === 'message' && context.attempt < attempts;

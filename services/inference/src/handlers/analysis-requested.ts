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
import type { Ending } from '../domain/ended-event.ts';
import { inferenceError } from '../errors.ts';
import type { Model } from '../models/model-files.ts';
import type { ModelWorkers } from '../runners/onnx/model-workers.ts';
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
  const { catalogue, events, telemetry } = deps;
  return async (event, context) => {
    const startedAt = telemetry.clock.now();
    const decision = decideRun(event, catalogue);
    if (decision.kind === 'skip') return skip(decision.reason);
    const ending = decision.kind === 'run' ? await run(decision, event, context, deps) : decision;
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

async function run(
  { model, explain }: Run,
  event: AnalysisRequested,
  context: EventContext,
  deps: AnalysisRequestedDeps,
): Promise<Ending> {
  try {
    const answer = await deps.workers.predict({
      model,
      lane: deps.lane,
      features: event.features,
      explain,
      alone: context.attempt > 1,
      caller: context,
      onLongRun: () => deps.events.started(event, context),
    });
    return { kind: 'completed', model, answer };
  } catch (error) {
    const reason = classify(error, 'process');
    if (willBeRetried(reason, context, model.manifest.limits.attempts)) deps.events.retried(event, context, reason.code);
    throw reason;
  }
}

const willBeRetried = (error: AppError, context: EventContext, attempts: number): boolean =>
  error.kind === 'retryable' && error.scope === 'message' && context.attempt < attempts;

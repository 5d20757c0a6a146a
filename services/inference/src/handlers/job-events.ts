/**
 * Says what becomes of a job: how it ended on its lane's results topic, how far it is on the progress topic.
 * Promise: `ended` resolves when the log has it; an end that the log may have is repeated as it was, so that within one process an event id
 * stands for one content, whatever else the attempt has come to meanwhile. `started` and `retried` are news, not facts: nobody waits for them, a lost one is a debug line.
 */
import {
  type AnalysisEnded,
  type AnalysisProgressed,
  type AnalysisRequested,
  type Envelope,
  type Lane,
  topics,
} from '@clinstream/contracts';
import { classify } from '@clinstream/runtime/errors';
import type { EventContext } from '@clinstream/runtime/pipeline';
import type { EventProducer } from '@clinstream/runtime/producer';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import { type Ending, endedEvent, endedEventId } from '../domain/ended-event.ts';
import { inferenceMetrics } from '../metrics.ts';

export type JobEvents = {
  ended(event: AnalysisRequested, context: EventContext, ending: Ending, startedAt: number): Promise<void>;
  /** The model has been at the job for longer than 250 ms. */
  started(event: AnalysisRequested, context: EventContext): void;
  /** This attempt failed and there will be another. */
  retried(event: AnalysisRequested, context: EventContext, failureCode: string): void;
};

export type JobEventsDeps = { readonly producer: Pick<EventProducer, 'publish'>; readonly telemetry: Telemetry };

const source = 'inference';

/** More than are ever under way; what is left behind beyond it belongs to partitions that others have now. */
const maxUnconfirmed = 10_000;

export function createJobEvents(lane: Lane, { producer, telemetry }: JobEventsDeps): JobEvents {
  const { clock } = telemetry;
  const metrics = createMetrics(telemetry.registry, inferenceMetrics);

  /** Ends that the log may have, by event id: those under way and those nobody confirmed. */
  const unconfirmed = new Map<string, AnalysisEnded>();

  const remember = (id: string, value: AnalysisEnded): void => {
    unconfirmed.set(id, value);
    if (unconfirmed.size <= maxUnconfirmed) return;
    for (const oldest of unconfirmed.keys()) return void unconfirmed.delete(oldest);
  };

  const envelope = (context: EventContext, eventId: string, eventType: string, occurredAt: number): Envelope => ({
    eventId,
    eventType,
    occurredAt,
    correlationId: context.envelope.correlationId,
    traceparent: context.envelope.traceparent,
    source,
    attempt: 1,
  });

  const publishProgress = (context: EventContext, value: AnalysisProgressed): void => {
    const id = `${value.jobId}:${value.generation}:${value.attempt}:${value.type}`;
    producer
      .publish({ topic: topics.progress, key: keyOf(value), value, envelope: envelope(context, id, value.type, value.at) })
      .catch((error: unknown) => context.log.debug({ jobId: value.jobId, err: error }, 'a progress event was not published'));
  };

  return {
    ended: async (event, context, ending, startedAt) => {
      const endedAt = clock.now();
      const id = endedEventId(event, context.attempt);
      const value = unconfirmed.get(id) ?? endedEvent(event, ending, { attempt: context.attempt, startedAt, endedAt });
      remember(id, value);
      try {
        await producer.publish({
          topic: topics.results[lane],
          key: keyOf(event),
          value,
          envelope: envelope(context, id, value.type, value.endedAt),
        });
        unconfirmed.delete(id);
      } catch (error) {
        if (classify(error, 'publish').kind === 'poison') unconfirmed.delete(id);
        else remember(id, value);
        throw error;
      }
      metrics.ended
        .labels({ model: ending.model?.manifest.name ?? 'unknown', lane, outcome: ending.kind, code: codeLabel(event, ending) })
        .inc();
    },
    started: (event, context) => publishProgress(context, progress(event, 'AnalysisStarted', context.attempt, null, clock.now())),
    retried: (event, context, failureCode) =>
      publishProgress(context, progress(event, 'AnalysisRetried', context.attempt + 1, failureCode, clock.now())),
  };
}

/** Jobs without a patient carry no order promise and are keyed by themselves. */
const keyOf = (job: { readonly patientKey: string | null; readonly jobId: string }): string => job.patientKey ?? job.jobId;

function progress(
  event: AnalysisRequested,
  type: 'AnalysisStarted' | 'AnalysisRetried',
  attempt: number,
  failureCode: string | null,
  at: number,
): AnalysisProgressed {
  const stage = type === 'AnalysisStarted' ? 'inference' : 'waiting';
  const { jobId, patientKey, generation } = event;
  return { type, jobId, patientKey, generation, attempt, stage, percent: 0, failureCode, at };
}

/** Codes that came with the event are the sender's words; as labels they would have no bound. */
function codeLabel(event: AnalysisRequested, ending: Ending): string {
  if (ending.kind === 'fail') return event.inputProblem === null ? ending.code : 'INPUT_PROBLEM';
  return ending.kind === 'abstain' ? (ending.reasons[0] ?? '') : '';
}

/**
 * The inference service, wired: one consumer and group per lane, all sharing the same model workers, one producer.
 * Started in the order returned: models must be loaded and warm before the first job is read; stopped the other way round.
 */
import { groups, type Lane, topics } from '@clinstream/contracts';
import type { ConsumerLimits } from '@clinstream/runtime/consumer';
import { createKafka } from '@clinstream/runtime/kafka';
import type { Component, OnFatal } from '@clinstream/runtime/lifecycle';
import { createEventConsumer, type RetryPolicy } from '@clinstream/runtime/pipeline';
import { createEventProducer } from '@clinstream/runtime/producer';
import { createCodecs } from '@clinstream/runtime/registry';
import type { Telemetry } from '@clinstream/runtime/telemetry';
import type { InferenceConfig } from './config.ts';
import { createCatalogue } from './domain/catalogue.ts';
import { createAnalysisRequestedHandler, createAttemptsOf, createExhaustedHandler } from './handlers/analysis-requested.ts';
import { createJobEvents } from './handlers/job-events.ts';
import { loadModels } from './models/model-files.ts';
import { createModelWorkers } from './runners/onnx/model-workers.ts';

export type AppDeps = {
  readonly telemetry: Telemetry;
  readonly onFatal: OnFatal;
  /** The model workers' program; tests bring their own misbehaving one. */
  readonly workerEntry?: URL;
};

const mebibyte = 1024 * 1024;

/** Throws AppError (fatal) when a model is not what its manifest says. */
export function createApp(config: InferenceConfig, { telemetry, onFatal, workerEntry }: AppDeps): readonly Component[] {
  const models = loadModels(config.modelsDir);
  const catalogue = createCatalogue(models);
  const entry = workerEntry ? { entry: workerEntry } : {};
  const workers = createModelWorkers(
    {
      models,
      workers: config.workers,
      maxBatchRows: config.maxBatchRows,
      maxWorkerBytes: config.workerMaxMb * mebibyte,
      ...entry,
    },
    telemetry,
  );

  const kafka = createKafka(config.kafka, telemetry);
  const codecs = createCodecs({ registry: config.registry, topics: topicsOf(config.lanes), telemetry });
  const producer = createEventProducer({ kafka, codecs, telemetry });

  const consumers = config.lanes.map((lane) => {
    const events = createJobEvents(lane, { producer, telemetry });
    const deps = { lane, catalogue, workers, events, telemetry };
    return createEventConsumer(
      {
        group: groups.inference[lane],
        topics: [topics.requests[lane]],
        handle: createAnalysisRequestedHandler(deps),
        onExhausted: createExhaustedHandler(deps),
        concurrency: config.concurrency,
        handlerTimeoutMs: config.jobTimeoutMs,
        retry,
        attemptsOf: createAttemptsOf(catalogue),
        limits: limitsFor(config.concurrency),
      },
      { kafka, codecs, producer, telemetry, onFatal },
    );
  });
  return [workers, codecs, producer, ...consumers];
}

/** Short waits: a job fails because of its own input or its neighbours' far more often than because of the weather. `attempts` is for what is no job yet. */
const retry: RetryPolicy = { attempts: 3, baseDelayMs: 500, maxInPlaceDelayMs: 30_000, tiers: true };

/**
 * Enough in hand that fetching never waits for a batch. More is slower, not faster: what is in flight survives the young generation and is copied
 * (4,000 jobs under way took a quarter longer than 1,000). The span lets a key that waits for its retry hold back nobody else.
 */
const limitsFor = (concurrency: number): ConsumerLimits => ({
  maxRecords: concurrency * 2,
  maxBytes: 16 * 1024 * 1024,
  maxSpan: Math.max(40_000, concurrency * 10),
});

const topicsOf = (lanes: readonly Lane[]) =>
  [topics.progress, ...lanes.flatMap((lane) => [topics.requests[lane], topics.results[lane]])] as const;

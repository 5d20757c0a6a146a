/**
 * The model workers of this service: takes single jobs, makes batches of them, and gives back each job its own answer.
 *
 * Nobody waits for a batch to fill: whatever stands in the queue when a worker has a free place goes out (after the current turn of the event
 * loop, so that jobs that arrive together travel together). Two batches per worker are in flight, so that it never idles while we pack; when
 * one is answered the worker gets its next before the callers get their answers.
 *
 * Promise: every job is answered or rejected; jobs behind a batch that killed its worker run again unharmed; the jobs of that batch are
 * rejected as retryable/message (MODEL_TIMEOUT, MODEL_CRASHED) and, tried again with `alone`, cannot take neighbours with them.
 * Non-promise: a job may be run more than once (its answer is used once). Order between jobs is not kept: callers order by key.
 * While no worker lives and none can be started, jobs are rejected as retryable/dependency (MODEL_WORKERS_UNAVAILABLE).
 */
import type { Lane } from '@clinstream/contracts';
import { lanes } from '@clinstream/contracts';
import { whenAborted } from '@clinstream/runtime/errors';
import type { Component } from '@clinstream/runtime/lifecycle';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import { type InferenceErrorCode, inferenceError } from '../../errors.ts';
import { createFairShare } from '../../lanes/fair-share.ts';
import { inferenceMetrics } from '../../metrics.ts';
import type { Model } from '../../models/model-files.ts';
import { createJobQueue, type QueuedJob } from './job-queue.ts';
import type { BatchAnswer } from './messages.ts';
import { answerOf, evidenceFirst, isConsistent, type ModelAnswer, type PackedJob, packBatch } from './pack-batch.ts';
import { createWorkerFleet } from './worker-fleet.ts';
import type { SentBatch } from './worker-process.ts';

export type PredictRequest = {
  readonly model: Model;
  readonly lane: Lane;
  readonly features: readonly number[];
  readonly explain: boolean;
  /** Run in a batch of its own: it was in a batch that failed. */
  readonly alone: boolean;
  /** Asked for its signal only when the job has waited long: making an AbortSignal costs more than answering. */
  readonly caller: { readonly signal: AbortSignal };
  /** Called at most once, when the model has been at it for longer than 250 ms. */
  onLongRun(): void;
};

export type ModelWorkers = Component & { predict(request: PredictRequest): Promise<ModelAnswer> };

export type ModelWorkersOptions = {
  readonly models: readonly Model[];
  readonly workers: number;
  readonly maxBatchRows?: number;
  /** Memory a worker may hold before it is replaced between two batches. */
  readonly maxWorkerBytes?: number;
  /** The worker's program; tests bring their own misbehaving one. */
  readonly entry?: URL;
};

type Job = QueuedJob &
  PackedJob & {
    readonly request: PredictRequest;
    /** When the turn of the event loop in which it came was first noticed: a look at the clock per turn, not per job. */
    readonly since: number;
    resolve(answer: ModelAnswer): void;
    reject(error: Error): void;
  };
type JobBatch = SentBatch & { readonly jobs: readonly Job[]; isAnnounced: boolean };

/** Batches per worker: one under way, one packed and waiting in its pipe. */
const pipelineDepth = 2;
const longRunMs = 250;
/** A job that waited shorter than this is run without asking whether somebody still wants it. */
const patienceMs = 1_000;

export function createModelWorkers(options: ModelWorkersOptions, telemetry: Telemetry): ModelWorkers {
  const { models, maxBatchRows = 512, workers, maxWorkerBytes, entry } = options;
  const metrics = createMetrics(telemetry.registry, inferenceMetrics);
  const queue = createJobQueue<Job>(createFairShare());
  const indexOf = new Map(models.map((model, index) => [model, index]));
  const perModel = models.map(({ manifest: { name } }) => ({
    rows: metrics.batchRows.labels({ model: name }),
    seconds: metrics.batchSeconds.labels({ model: name }),
  }));
  let batchId = 0;
  let isScheduled = false;
  let turnSince = 0;
  let isStopping = false;
  let watch: NodeJS.Timeout | undefined;
  let onIdle = (): void => {};

  const fleet = createWorkerFleet<JobBatch>(
    { models, workers, ...(maxWorkerBytes ? { maxWorkerBytes } : {}), ...(entry ? { entry } : {}) },
    telemetry,
    {
      onAnswer: (batch, answer, durationMs) => {
        const index = batch.request.model;
        perModel[index]?.seconds.observe(durationMs / 1000);
        dispatch();
        settle(batch.jobs, answer, models[index]?.manifest.inputs.length ?? 0);
      },
      onLost: (batch, code) => {
        for (const job of batch.jobs) job.reject(inferenceError(code));
        dispatch();
      },
      onUntouched: (batch) => queue.putBack(batch.jobs),
      onFree: () => dispatch(),
      onUnavailable: () => rejectWaiting('MODEL_WORKERS_UNAVAILABLE'),
    },
  );

  function dispatch(): void {
    isScheduled = false;
    for (let worker = fleet.free(pipelineDepth); worker !== null; worker = fleet.free(pipelineDepth)) {
      const jobs = evidenceFirst(takeWanted());
      const first = jobs[0];
      if (first === undefined) break;
      const { manifest } = first.request.model;
      const request = packBatch({ id: ++batchId, model: first.model, inputCount: manifest.inputs.length }, jobs);
      perModel[first.model]?.rows.observe(jobs.length);
      const { softTimeoutMs, hardTimeoutMs } = manifest.limits;
      worker.send({ request, softTimeoutMs, hardTimeoutMs, jobs, isAnnounced: false });
    }
    if (isStopping && queue.size === 0 && fleet.inFlight() === 0) onIdle();
  }

  /** The next batch without the jobs whose callers have given up. */
  function takeWanted(): readonly Job[] {
    while (queue.size > 0) {
      const batch = queue.takeBatch(maxBatchRows);
      const longAgo = performance.now() - patienceMs;
      const isAbandoned = (job: Job): boolean => job.since < longAgo && job.request.caller.signal.aborted;
      if (!batch.some(isAbandoned)) return batch;
      for (const job of batch.filter(isAbandoned)) job.reject(inferenceError('JOB_ABANDONED'));
      const wanted = batch.filter((job) => !isAbandoned(job));
      if (wanted.length > 0) return wanted;
    }
    return [];
  }

  function rejectWaiting(code: InferenceErrorCode): void {
    for (const job of queue.takeAll()) job.reject(inferenceError(code));
  }

  function announceLongRuns(): void {
    for (const { batch, sinceMs } of fleet.underWay()) {
      if (batch.isAnnounced || performance.now() - sinceMs < longRunMs) continue;
      batch.isAnnounced = true;
      for (const job of batch.jobs) job.request.onLongRun();
    }
  }

  function predict(request: PredictRequest): Promise<ModelAnswer> {
    const model = indexOf.get(request.model);
    if (model === undefined)
      return Promise.reject(inferenceError('MODEL_INVALID', { message: 'the model is not one of these workers’' }));
    if (isStopping) return Promise.reject(inferenceError('MODEL_WORKERS_STOPPED'));
    if (fleet.isUnavailable()) return Promise.reject(inferenceError('MODEL_WORKERS_UNAVAILABLE'));
    if (!isScheduled) schedule();
    return new Promise((resolve, reject) => {
      const { lane, features, explain, alone } = request;
      queue.push({ lane, model, alone, features, explain, request, order: 0, since: turnSince, resolve, reject });
    });
  }

  function schedule(): void {
    isScheduled = true;
    turnSince = performance.now();
    setImmediate(dispatch);
  }

  async function stop(deadline: AbortSignal): Promise<void> {
    isStopping = true;
    const idle = new Promise<void>((resolve) => {
      onIdle = resolve;
    });
    dispatch();
    await Promise.race([idle, whenAborted(deadline)]);
    clearInterval(watch);
    await fleet.stop();
    rejectWaiting('MODEL_WORKERS_STOPPED');
  }

  metrics.waiting.onCollect(() => {
    for (const lane of lanes) metrics.waiting.labels({ lane }).set(queue.waiting(lane));
  });

  return {
    name: 'model-workers',
    start: async () => {
      await fleet.start();
      watch = setInterval(announceLongRuns, longRunMs);
      watch.unref();
    },
    stop,
    readiness: fleet.readiness,
    predict,
  };
}

function settle(jobs: readonly Job[], answer: BatchAnswer, inputCount: number): void {
  let row = 0;
  for (const job of jobs) {
    const own = answerOf(answer, row++, inputCount);
    if (isConsistent(own)) job.resolve(own);
    else job.reject(inferenceError('MODEL_INCONSISTENT'));
  }
}

/**
 * Keeps a number of model workers alive: starts them, replaces those that end, says which is free. Knows batches only as things to hand on.
 * Promise: `start` rejects (fatal) when a worker cannot load its models; later such a failure is waited out with back-off, readiness says so.
 * A worker that outgrew its memory is replaced between two batches, which nobody notices but the log and the metrics.
 * A worker that dies is replaced at once, one that dies again without having answered anything after a growing pause.
 */
import { type AppError, backOffDelay } from '@clinstream/runtime/errors';
import type { Readiness } from '@clinstream/runtime/lifecycle';
import { createMetrics, type Telemetry } from '@clinstream/runtime/telemetry';
import { type InferenceErrorCode, inferenceError, inferenceErrors } from '../../errors.ts';
import { inferenceMetrics } from '../../metrics.ts';
import type { Model } from '../../models/model-files.ts';
import type { BatchAnswer, ModelFiles } from './messages.ts';
import { type Gone, type SentBatch, startWorker, type WorkerProcess } from './worker-process.ts';

export type FleetOptions = {
  readonly models: readonly Model[];
  readonly workers: number;
  /** Memory a worker may hold before it is replaced; default 2 GB. */
  readonly maxWorkerBytes?: number;
  readonly entry?: URL;
};

export type FleetEvents<B extends SentBatch> = {
  onAnswer(batch: B, answer: BatchAnswer, durationMs: number): void;
  /** The batch failed or took its worker with it. */
  onLost(batch: B, code: InferenceErrorCode): void;
  /** The batch never started: it stood behind one that took the worker with it. */
  onUntouched(batch: B): void;
  /** A worker can take work again. */
  onFree(): void;
  /** The last worker is gone and could not be replaced yet. */
  onUnavailable(): void;
};

export type WorkerFleet<B extends SentBatch> = {
  start(): Promise<void>;
  /** Ends all workers; batches under way are given up. */
  stop(): Promise<void>;
  readiness(): Readiness;
  /** The available worker with the fewest batches, below `depth` of them; null when there is none. */
  free(depth: number): WorkerProcess<B> | null;
  inFlight(): number;
  underWay(): readonly { readonly batch: B; readonly sinceMs: number }[];
  /** No worker lives and the last start failed. */
  isUnavailable(): boolean;
};

const respawnBackOff = { baseMs: 200, maxMs: 10_000 };
const loadTimeoutMs = 60_000;
const leaveGraceMs = 1_000;

export function createWorkerFleet<B extends SentBatch>(
  options: FleetOptions,
  telemetry: Telemetry,
  events: FleetEvents<B>,
): WorkerFleet<B> {
  const { log } = telemetry;
  const metrics = createMetrics(telemetry.registry, inferenceMetrics);
  const maxResidentBytes = options.maxWorkerBytes ?? 2 * 1024 ** 3;
  const entry = options.entry ?? new URL('./worker.ts', import.meta.url);
  const files = options.models.map(filesOf);
  const workers = new Set<WorkerProcess<B>>();
  const respawns = new Set<NodeJS.Timeout>();
  let isStopping = false;
  let failedLoads = 0;
  let restartsWithoutAnswer = 0;
  let ready = 0;

  const countReady = (change: number): void => {
    ready += change;
    metrics.workersReady.set(ready);
  };

  /** Resolves with null when the new worker is ready, otherwise with why it is not. */
  const spawn = (): Promise<AppError | null> =>
    new Promise((resolve) => {
      let isReady = false;
      const worker = startWorker<B>(
        { entry, models: files, loadTimeoutMs, maxResidentBytes },
        {
          onReady: () => {
            isReady = true;
            failedLoads = 0;
            countReady(1);
            resolve(null);
            events.onFree();
          },
          onAnswer: (batch, answer, durationMs) => {
            restartsWithoutAnswer = 0;
            events.onAnswer(batch, answer, durationMs);
          },
          onFailure: (batch) => {
            const code = 'MODEL_FAILED';
            log.error({ worker: worker.pid, code, model: nameOf(batch), rows: batch.request.rows }, 'a model refused a batch');
            events.onLost(batch, code);
          },
          onSlow: (batch) => {
            metrics.slowBatches.labels({ model: nameOf(batch) }).inc();
            log.warn(
              { worker: worker.pid, model: nameOf(batch), rows: batch.request.rows },
              'a batch passed its soft time limit',
            );
          },
          onGone: (gone) => {
            workers.delete(worker);
            if (isReady) countReady(-1);
            resolve(loadError(gone));
            bury(worker, gone);
          },
        },
      );
      workers.add(worker);
    });

  function bury(worker: WorkerProcess<B>, gone: Gone<B>): void {
    metrics.workersGone.labels({ reason: gone.reason }).inc();
    const [suspect, ...untouched] = gone.lost;
    for (const batch of untouched.reverse()) events.onUntouched(batch);
    if (gone.reason === 'load-failed') failedLoads++;
    if (!isStopping) {
      tell(worker, gone);
      respawn();
    }
    if (suspect !== undefined) events.onLost(suspect, lossCode(gone));
    if (isUnavailable()) events.onUnavailable();
  }

  function tell({ pid, residentBytes }: WorkerProcess<B>, { reason, code, lost }: Gone<B>): void {
    const rows = lost[0]?.request.rows ?? 0;
    if (reason === 'outgrown')
      log.warn(
        { worker: pid, bytes: residentBytes, limit: maxResidentBytes },
        'a model worker outgrew its memory and is replaced',
      );
    else log.error({ worker: pid, reason, code, rows }, 'a model worker ended');
  }

  function respawn(): void {
    restartsWithoutAnswer++;
    const delayMs = restartsWithoutAnswer === 1 ? 0 : backOffDelay(respawnBackOff, restartsWithoutAnswer - 1);
    const timer = setTimeout(() => {
      respawns.delete(timer);
      void spawn();
    }, delayMs);
    respawns.add(timer);
  }

  const nameOf = (batch: B): string => options.models[batch.request.model]?.manifest.name ?? 'unknown';
  const isUnavailable = (): boolean => ready === 0 && failedLoads > 0;

  metrics.workerBytes.onCollect(() => {
    metrics.workerBytes.set(Math.max(0, ...[...workers].map((worker) => worker.residentBytes)));
  });

  return {
    start: async () => {
      const failures = await Promise.all(Array.from({ length: options.workers }, spawn));
      const failure = failures.find((error) => error !== null);
      if (failure) throw failure;
    },
    stop: async () => {
      isStopping = true;
      for (const timer of respawns) clearTimeout(timer);
      await Promise.all([...workers].map((worker) => worker.stop(leaveGraceMs)));
    },
    readiness: () => (ready > 0 ? { ready: true } : { ready: false, why: 'no model worker is ready' }),
    free: (depth) => {
      let best: WorkerProcess<B> | null = null;
      for (const worker of workers) {
        if (worker.isAvailable && worker.inFlight < depth && worker.inFlight < (best?.inFlight ?? depth)) best = worker;
      }
      return best;
    },
    inFlight: () => [...workers].reduce((sum, worker) => sum + worker.inFlight, 0),
    underWay: () => [...workers].flatMap((worker) => worker.underWay ?? []),
    isUnavailable,
  };
}

const filesOf = ({ manifest, modelFile, treesFile }: Model): ModelFiles => ({
  name: manifest.name,
  file: modelFile,
  digest: manifest.digest,
  inputCount: manifest.inputs.length,
  trees: manifest.evidence === null || treesFile === null ? null : { file: treesFile, digest: manifest.evidence.digest },
});

function lossCode(gone: { readonly reason: string }): InferenceErrorCode {
  if (gone.reason === 'timed-out') return 'MODEL_TIMEOUT';
  return gone.reason === 'stopped' ? 'MODEL_WORKERS_STOPPED' : 'MODEL_CRASHED';
}

/** Why a worker that should have become ready did not. */
function loadError(gone: Gone<SentBatch>): AppError {
  const isKnown = gone.code !== null && gone.code in inferenceErrors;
  return inferenceError(isKnown ? (gone.code as InferenceErrorCode) : 'MODEL_WORKER_FAILED', { message: gone.message });
}

/**
 * One model worker process as its parent sees it: sends batches, hands back answers, and knows which batch is being worked on.
 *
 *   loading ──loaded──> ready ──(exit, crash, killed)──> gone
 *      └────(load failure, exit)───────────────────────> gone
 *
 * Promise: every batch sent ends in exactly one of onAnswer, onFailure, or `lost` of onGone; the first of `lost` is the one under way (the
 * suspect), the rest never started. A batch under way longer than its hard limit gets the process killed with SIGKILL: a native call cannot
 * be interrupted otherwise. Answers that were written before the death are still delivered.
 * A process that says it holds more memory than it may gets no more batches, and is killed once those it has are answered: nothing is lost.
 * Memory taken within one batch is not bounded here; that is for the kernel, and looks like a crash.
 * The process is a child and not a thread, because terminating a thread inside ONNX Runtime aborts the whole service (ADR 0006).
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { BatchAnswer, BatchFailure, BatchRequest, FromWorker, ModelFiles, ToWorker } from './messages.ts';

export type SentBatch = { readonly request: BatchRequest; readonly softTimeoutMs: number; readonly hardTimeoutMs: number };

export type GoneReason = 'stopped' | 'crashed' | 'timed-out' | 'outgrown' | 'load-failed';

export type WorkerEvents<B extends SentBatch> = {
  onReady(): void;
  /** `durationMs` is the time the batch was under way, not the time it waited behind another. */
  onAnswer(batch: B, answer: BatchAnswer, durationMs: number): void;
  /** The model threw; the process is well. */
  onFailure(batch: B): void;
  /** The batch under way passed its soft limit. */
  onSlow(batch: B): void;
  onGone(gone: Gone<B>): void;
};

export type Gone<B> = {
  readonly reason: GoneReason;
  readonly lost: readonly B[];
  /** Why loading failed, where it did. */
  readonly code: string | null;
  readonly message: string;
};

export type WorkerProcess<B extends SentBatch> = {
  readonly pid: number | undefined;
  /** Batches sent and not answered. */
  readonly inFlight: number;
  /** Loaded, alive, within the soft limit and its memory: may be given work. */
  readonly isAvailable: boolean;
  /** As it last said; 0 until it is loaded. */
  readonly residentBytes: number;
  readonly underWay: { readonly batch: B; readonly sinceMs: number } | null;
  send(batch: B): void;
  /** Asks it to leave; resolves when it is gone, killed if it does not within `graceMs`. */
  stop(graceMs: number): Promise<void>;
};

export type WorkerOptions = {
  readonly entry: URL;
  readonly models: readonly ModelFiles[];
  readonly loadTimeoutMs: number;
  readonly maxResidentBytes: number;
};

export function startWorker<B extends SentBatch>(options: WorkerOptions, events: WorkerEvents<B>): WorkerProcess<B> {
  const child = fork(options.entry, {
    serialization: 'advanced',
    // Nothing of our environment. Memory as the services have it; batches are few and die young: a larger young generation buys nothing here.
    env: { MALLOC_ARENA_MAX: '2' },
    execArgv: ['--max-semi-space-size=8'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const sent: B[] = [];
  const gone = Promise.withResolvers<void>();
  let state: 'loading' | 'ready' | 'gone' = 'loading';
  let reason: GoneReason = 'crashed';
  let load: { code: string | null; message: string } = { code: null, message: 'the model worker ended' };
  let isSlow = false;
  let residentBytes = 0;
  let sinceMs = 0;
  let timer = setTimeout(() => kill('load-failed'), options.loadTimeoutMs);

  const kill = (why: GoneReason): void => {
    reason = why;
    child.kill('SIGKILL');
  };

  const refuse = (why: typeof load): void => {
    load = why;
    kill('load-failed');
  };
  const isOutgrown = (): boolean => residentBytes > options.maxResidentBytes;

  /** Watches the batch that is now under way, if any. */
  const watchNext = (): void => {
    clearTimeout(timer);
    isSlow = false;
    const batch = sent[0];
    if (batch === undefined || state !== 'ready') return;
    sinceMs = performance.now();
    timer = setTimeout(() => {
      isSlow = true;
      timer = setTimeout(() => kill('timed-out'), batch.hardTimeoutMs - batch.softTimeoutMs);
      events.onSlow(batch);
    }, batch.softTimeoutMs);
  };

  const loaded = (): void => {
    if (isOutgrown()) {
      refuse({ code: 'MODEL_WORKER_TOO_LARGE', message: `${residentBytes} bytes with its models loaded` });
      return;
    }
    state = 'ready';
    clearTimeout(timer);
    events.onReady();
  };
  const answered = (message: BatchAnswer | BatchFailure): void => {
    const durationMs = performance.now() - sinceMs;
    const batch = sent.shift();
    watchNext();
    if (batch === undefined) return;
    if (message.kind === 'answer') events.onAnswer(batch, message, durationMs);
    else events.onFailure(batch);
    if (isOutgrown() && sent.length === 0) kill('outgrown');
  };
  const receive = (message: FromWorker): void => {
    if (message.kind === 'load-failure') {
      refuse(message);
      return;
    }
    residentBytes = message.residentBytes;
    if (message.kind === 'loaded') loaded();
    else answered(message);
  };

  const leave = (): void => {
    if (state === 'gone') return;
    if (state === 'loading' && reason === 'crashed') reason = 'load-failed';
    state = 'gone';
    clearTimeout(timer);
    gone.resolve();
    events.onGone({ reason, lost: sent.splice(0), ...load });
  };

  child.on('message', (message) => receive(message as FromWorker));
  child.on('error', () => child.kill('SIGKILL'));
  whenClosed(child, leave);
  child.send({ kind: 'load', models: options.models } satisfies ToWorker);

  return {
    pid: child.pid,
    get inFlight() {
      return sent.length;
    },
    get isAvailable() {
      return state === 'ready' && !isSlow && !isOutgrown();
    },
    get residentBytes() {
      return residentBytes;
    },
    get underWay() {
      const batch = sent[0];
      return batch === undefined ? null : { batch, sinceMs };
    },
    send: (batch) => {
      sent.push(batch);
      child.send(batch.request);
      if (sent.length === 1) watchNext();
    },
    stop: async (graceMs) => {
      if (state === 'gone') return;
      reason = 'stopped';
      if (child.connected) child.disconnect();
      const timeout = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await gone.promise;
      clearTimeout(timeout);
    },
  };
}

/** Once the process has ended and its channel is read to the end: an answer may still be in the pipe when the exit is seen. */
function whenClosed(child: ChildProcess, then: () => void): void {
  let hasExited = false;
  let isDisconnected = !child.connected;
  const check = (): void => {
    if (hasExited && isDisconnected) then();
  };
  child.once('exit', () => {
    hasExited = true;
    isDisconnected ||= !child.connected;
    check();
  });
  child.once('disconnect', () => {
    isDisconnected = true;
    check();
  });
  child.once('error', () => {
    hasExited ||= child.pid === undefined;
    isDisconnected ||= child.pid === undefined;
    check();
  });
}

/**
 * The life of a model worker process: load, say so, answer one batch after the other, end when the service goes away.
 * Promise: answers come in the order of the batches; a model that throws costs its batch, not the process; the end of the parent is our end.
 * Termination signals are ignored: Ctrl-C reaches the whole process group, and the service still needs its workers to drain.
 * This is a process of its own, so process.on and process.exit are at home here (style rule 9 is about services).
 */

import type { BatchRequest, FromWorker, LoadRequest, ModelFiles, Size, ToWorker } from './messages.ts';
import type { BatchModel } from './worker-models.ts';

export function serveBatches(load: (files: readonly ModelFiles[]) => Promise<BatchModel>): void {
  let model: BatchModel | null = null;
  let last = Promise.resolve();
  const size = createSize();
  const send = (message: FromWorker): void => {
    if (process.connected) process.send?.(message, undefined, undefined, leaveWithParent);
  };
  const startUp = async (request: LoadRequest): Promise<void> => {
    try {
      model = await load(request.models);
      send({ kind: 'loaded', ...size() });
    } catch (error) {
      send({ kind: 'load-failure', code: codeOf(error), message: messageOf(error) });
    }
  };
  const answer = async (batch: BatchRequest): Promise<void> => {
    try {
      if (model === null) throw new Error('no model is loaded');
      send({ ...(await model(batch)), ...size() });
    } catch {
      send({ kind: 'failure', id: batch.id, ...size() });
    }
  };
  process.on('message', (message: ToWorker) => {
    last = last.then(() => (message.kind === 'load' ? startUp(message) : answer(message)));
  });
  process.on('disconnect', () => process.exit(0));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
}

/** How long a look at our memory holds: it takes 10 µs, as long as the model takes for one row. */
const lookMs = 50;

function createSize(): () => Size {
  let size: Size = { residentBytes: 0 };
  let staleAt = 0;
  return () => {
    const now = performance.now();
    if (now < staleAt) return size;
    staleAt = now + lookMs;
    size = { residentBytes: process.memoryUsage.rss() };
    return size;
  };
}

/** A message that cannot be sent means that nobody is there to read it. */
const leaveWithParent = (error: Error | null): void => {
  if (error !== null) process.exit(0);
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'something that is no Error was thrown');
const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'MODEL_INVALID';
};

/**
 * One batch between its request and its answer, both streams. Answers are never held back by a slow reader and never hold back the reading
 * (see submit-batch.ts). The request is not destroyed when reading ends early, because that would take the answer with it: what remains is
 * drained and thrown away, within the server's request timeout.
 */
import { Readable } from 'node:stream';
import type { Caller } from './caller.ts';
import { type BatchDeps, type EmitAnswers, type LineAnswer, submitBatch } from './submit-batch.ts';

export type BatchStreamDeps = BatchDeps & { readonly onAnswer: (answer: LineAnswer) => void; readonly onEnd: () => void };

/** The answer's NDJSON, under way from the call on. `onEnd` is called exactly once, when nothing of the batch is under way any more. */
export function streamBatch(source: Readable, caller: Caller, deps: BatchStreamDeps): Readable {
  const answers = new Readable({ read() {} });
  const gone = new AbortController();
  answers.once('close', () => gone.abort());
  const emit: EmitAnswers = (group) => {
    for (const answer of group) deps.onAnswer(answer);
    if (!answers.destroyed && group.length > 0) answers.push(group.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
  };
  submitBatch(source.iterator({ destroyOnReturn: false }), caller, deps, emit, gone.signal)
    .then(
      () => answers.push(null),
      // The sender went away in mid-request: there is no one left to answer, and lines under way are repeatable.
      () => answers.destroy(),
    )
    .finally(() => {
      source.resume();
      deps.onEnd();
    });
  return answers;
}

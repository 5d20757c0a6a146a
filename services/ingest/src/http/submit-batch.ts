/**
 * A batch of analyses, line by line as it streams in; one answer per line, in order. Groups of lines are checked, reserved in one
 * statement and handed to the log in line order, one group after the other; confirmations are awaited a few groups behind.
 *
 * Promise: every line read gets exactly one answer, `202` only after the log confirmed it; a broken line fails alone. When the store or
 * the log goes away in mid-batch, lines under way say so and later lines are refused without being handed over.
 * Answers do not wait for the reader: a client that reads only after it has sent everything must not stall us both. They are bounded by
 * the number of lines a batch may have.
 */

import type { Problem } from '@clinstream/runtime/http';
import type { Caller } from './caller.ts';
import { type Line, type LineGroup, type LineLimits, splitLines } from './ndjson-lines.ts';
import { problemOf } from './problem-of.ts';
import { readLine, referenceOf } from './read-line.ts';
import { batchTooLong, logAway, type Refusal, RefusedError } from './refusal.ts';
import type { AnalysisSubmitter, Prepared } from './submit-analysis.ts';

export type LineAnswer = { readonly line: number; readonly reference: string | null; readonly status: number } & (
  | { readonly jobId: string; readonly position: string; readonly lane: string }
  | { readonly problem: Problem & Readonly<Record<string, unknown>> }
);

export type BatchDeps = {
  readonly analyses: Pick<AnalysisSubmitter, 'prepare' | 'reserve' | 'publish'>;
  readonly limits: LineLimits & { readonly maxGroup: number; readonly maxUnconfirmedGroups: number };
  /** A failure that is no refusal: one log line is the listener's, the line's answer is a 500. */
  readonly onUnexpected: (error: unknown) => void;
};

/** A group at a time: one write per group, not per line. */
export type EmitAnswers = (answers: readonly LineAnswer[]) => void;

/** A line on its way: refused already, or still good. */
type Entry = { readonly line: number; readonly reference: string | null; readonly state: Prepared | Refusal };

/** Resolves when all lines read have been answered through `emit`; stops reading when the signal aborts. Rejects only as `source` does. */
export async function submitBatch(
  source: AsyncIterable<Buffer>,
  caller: Caller,
  deps: BatchDeps,
  emit: EmitAnswers,
  signal: AbortSignal,
): Promise<void> {
  const log = { isAway: false };
  const unconfirmed: Promise<void>[] = [];
  let answered: Promise<void> = Promise.resolve();
  try {
    for await (const group of smallGroups(splitLines(source, deps.limits), deps.limits.maxGroup)) {
      if (signal.aborted) break;
      const entries = await reserveGroup(
        group.lines.map((line) => checkLine(line, caller, deps)),
        caller,
        deps,
      );
      const answers = entries.map((entry) => publishLine(entry, caller, deps, log));
      answered = emitInOrder(answered, answers, emit);
      unconfirmed.push(answered);
      if (unconfirmed.length >= deps.limits.maxUnconfirmedGroups) await unconfirmed.shift();
      if (group.cutAt !== null) answered = emitInOrder(answered, [Promise.resolve(cutAnswer(group.cutAt, deps.limits))], emit);
    }
  } finally {
    await answered;
  }
}

async function* smallGroups(groups: AsyncIterable<LineGroup>, maxGroup: number): AsyncGenerator<LineGroup> {
  for await (const { lines, cutAt } of groups) {
    for (let from = 0; from < Math.max(lines.length, 1); from += maxGroup) {
      const isLast = from + maxGroup >= lines.length;
      yield { lines: lines.slice(from, from + maxGroup), cutAt: isLast ? cutAt : null };
    }
  }
}

function checkLine(line: Line, caller: Caller, deps: BatchDeps): Entry {
  try {
    const { reference, ...body } = readLine(line.bytes);
    return { line: line.number, reference, state: deps.analyses.prepare(body, reference, caller) };
  } catch (error) {
    return { line: line.number, reference: referenceOf(line.bytes), state: refusalOf(error, deps) };
  }
}

async function reserveGroup(entries: readonly Entry[], caller: Caller, deps: BatchDeps): Promise<readonly Entry[]> {
  const good = entries.flatMap(({ state }) => ('command' in state ? [state] : []));
  try {
    const reserved = (await deps.analyses.reserve(good, caller)).values();
    return entries.map((entry) => ('command' in entry.state ? { ...entry, state: reserved.next().value ?? entry.state } : entry));
  } catch (error) {
    const refusal = refusalOf(error, deps);
    return entries.map((entry) => ('command' in entry.state ? { ...entry, state: refusal } : entry));
  }
}

/** Once the log failed one line, later ones are refused unsent: they would only wait in turn, and overtake what failed. */
async function publishLine(entry: Entry, caller: Caller, deps: BatchDeps, log: { isAway: boolean }): Promise<LineAnswer> {
  const { line, reference, state } = entry;
  if (!('command' in state)) return refusedLine(entry, state);
  if (log.isAway) return refusedLine(entry, logAway);
  try {
    const { jobId, position, lane } = await deps.analyses.publish(state, caller);
    return { line, reference, status: 202, jobId, position, lane };
  } catch (error) {
    const refusal = refusalOf(error, deps);
    if (refusal.status === 503) log.isAway = true;
    return refusedLine(entry, refusal);
  }
}

function refusedLine({ line, reference }: Pick<Entry, 'line' | 'reference'>, refusal: Refusal): LineAnswer {
  return { line, reference, status: refusal.status, problem: problemOf(refusal).problem };
}

const cutAnswer = (line: number, { maxLines, maxBytes }: LineLimits): LineAnswer =>
  refusedLine({ line, reference: null }, batchTooLong(`${maxLines} lines and ${maxBytes} bytes`));

async function emitInOrder(before: Promise<void>, answers: readonly Promise<LineAnswer>[], emit: EmitAnswers): Promise<void> {
  const settled = Promise.all(answers);
  await before;
  emit(await settled);
}

function refusalOf(error: unknown, deps: BatchDeps): Refusal {
  if (error instanceof RefusedError) return error.refusal;
  deps.onUnexpected(error);
  return {
    status: 500,
    code: 'INTERNAL',
    title: 'Unexpected failure',
    detail: 'The line could not be handled; nothing is known about why.',
  };
}

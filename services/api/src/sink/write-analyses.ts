/**
 * Analysis events of one flush -> rows: find what is known of each job, reduce, write what changed.
 * Where memory knows nothing of a job and its first event is its first request, it is taken to be new; a wrong guess fails the flush, which
 * is then done again with `trust: false`, reading everything.
 */
import { type AnalysisEvent, type AnalysisState, isEnded, reduceAnalysis } from '@clinstream/contracts';
import type { Transaction } from '@clinstream/runtime/postgres';
import type { Notice } from '../domain/notice.ts';
import { createDepthChanges, type DepthChange } from '../domain/queue-depth.ts';
import { knownFromRow } from './analysis-from-row.ts';
import { askDiffers, asks, type KnownAnalysis, runDiffers, runs } from './analysis-tables.ts';
import { SinkConflict } from './conflict.ts';
import type { JobMemory } from './job-memory.ts';
import { reviewDiffers, reviewRows } from './review-table.ts';
import type { CopyEncoder } from './sql/copy-format.ts';
import { insertRows } from './sql/insert-rows.ts';
import { loadAnalyses } from './sql/load-analyses.ts';
import type { Table } from './sql/table.ts';
import { type Update, updateRows } from './sql/update-rows.ts';

export type AnalysisInput = { readonly event: AnalysisEvent; readonly partition: number };
export type WriteTools = { readonly encode: CopyEncoder; readonly memory: JobMemory; readonly trust: boolean };

export type AnalysesWritten = {
  readonly changed: readonly KnownAnalysis[];
  readonly notice: Notice;
  readonly depth: readonly DepthChange[];
  readonly inserted: number;
  readonly updated: number;
  /** Events that changed nothing: repeated, or older than what is known. */
  readonly ignored: number;
  /** Jobs that had to be read. */
  readonly loaded: number;
};

type Job = { readonly before: KnownAnalysis | null; after: AnalysisState | null; partition: number };

/** Resolves when the rows are on their way; the flush must wait for `confirmed`. */
export async function writeAnalyses(
  tx: Transaction,
  inputs: readonly AnalysisInput[],
  tools: WriteTools,
): Promise<AnalysesWritten & { readonly confirmed: Promise<void> }> {
  const { jobs, loaded } = await findJobs(tx, inputs, tools);
  const ignored = reduceAll(jobs, inputs);
  const changed = [...jobs.values()].flatMap(asChanged).sort(byJobId);
  const rows = plan(changed);
  return {
    changed: changed.map(asKnown),
    notice: noticeOf(changed),
    depth: depthOf(changed),
    inserted: sum(rows, ({ added }) => added.length),
    updated: sum(rows, ({ updates }) => updates.length),
    ignored,
    loaded,
    confirmed: writeRows(tx, rows, tools.encode),
  };
}

/** Sent together, without waiting for each other. */
async function writeRows(tx: Transaction, rows: readonly TableRows[], encode: CopyEncoder): Promise<void> {
  const inserting = rows.map(({ table, added }) => insertRows(tx, table, added, encode));
  const updating = rows.map(({ table, updates }) => updateRows(tx, table, updates));
  const [replaced] = await Promise.all([Promise.all(updating), Promise.all(inserting)]);
  if (replaced.some((count, i) => count !== rows[i]?.updates.length)) throw new SinkConflict();
}

const sum = (rows: readonly TableRows[], count: (rows: TableRows) => number): number =>
  rows.reduce((total, one) => total + count(one), 0);

async function findJobs(tx: Transaction, inputs: readonly AnalysisInput[], { memory, trust }: WriteTools) {
  const jobs = new Map<string, Job>();
  const unknown = new Set<string>();
  for (const { event } of inputs) {
    if (jobs.has(event.jobId) || unknown.has(event.jobId)) continue;
    const guess = trust ? guessJob(event, memory) : undefined;
    if (guess) jobs.set(event.jobId, guess);
    else unknown.add(event.jobId);
  }
  for (const row of await loadAnalyses(tx, [...unknown])) jobs.set(row.job_id, asJob(knownFromRow(row)));
  for (const jobId of unknown) if (!jobs.has(jobId)) jobs.set(jobId, asJob(null));
  return { jobs, loaded: unknown.size };
}

const asJob = (before: KnownAnalysis | null): Job => ({ before, after: before?.state ?? null, partition: 0 });

function guessJob(event: AnalysisEvent, memory: JobMemory): Job | undefined {
  const remembered = memory.get(event.jobId);
  if (remembered) return asJob(remembered);
  return isFirstRequest(event) ? asJob(null) : undefined;
}

const isFirstRequest = (event: AnalysisEvent): boolean =>
  event.type === 'AnalysisRequested' && 'generation' in event && event.generation === 1;

/** How many events changed nothing. */
function reduceAll(jobs: ReadonlyMap<string, Job>, inputs: readonly AnalysisInput[]): number {
  let ignored = 0;
  for (const { event, partition } of inputs) {
    const job = jobs.get(event.jobId);
    if (job === undefined) continue;
    const after = reduceAnalysis(job.after, event);
    if (after === job.after) ignored++;
    job.after = after;
    job.partition = partition;
  }
  return ignored;
}

type ChangedJob = { readonly before: KnownAnalysis | null; readonly after: AnalysisState; readonly partition: number };

const asChanged = ({ before, after, partition }: Job): readonly ChangedJob[] =>
  after === null || after === before?.state ? [] : [{ before, after, partition }];

/** Two sinks that meet take rows in the same order. */
const byJobId = (a: ChangedJob, b: ChangedJob): number => (a.after.jobId < b.after.jobId ? -1 : 1);

const waitsForFirstTime = ({ before, after }: ChangedJob): boolean =>
  (before === null || before.runVersion === null) && (after.status === 'queued' || after.status === 'pending');

const writesAsk = ({ before, after }: ChangedJob): boolean => before === null || askDiffers(before.state, after);
const writesRun = (job: ChangedJob): boolean =>
  !waitsForFirstTime(job) && (job.before === null || runDiffers(job.before.state, job.after));
const writesReview = ({ before, after }: ChangedJob): boolean => reviewDiffers(before?.state ?? null, after);

type TableRows = {
  readonly table: Table<AnalysisState>;
  readonly added: AnalysisState[];
  readonly updates: Update<AnalysisState>[];
};

/** A row that is not there yet, or one that replaces the version known. */
function put({ added, updates }: TableRows, state: AnalysisState, baseVersion: number | null): void {
  if (baseVersion === null) added.push(state);
  else updates.push({ state, baseVersion });
}

function plan(changed: readonly ChangedJob[]): readonly TableRows[] {
  const [ofAsks, ofRuns, ofReviews] = [noRowsOf(asks), noRowsOf(runs), noRowsOf(reviewRows)];
  for (const job of changed) {
    const { before, after } = job;
    if (writesAsk(job)) put(ofAsks, after, before?.askVersion ?? null);
    if (writesRun(job)) put(ofRuns, after, before?.runVersion ?? null);
    if (writesReview(job)) put(ofReviews, after, before?.reviewVersion ?? null);
  }
  return [ofAsks, ofRuns, ofReviews];
}

const noRowsOf = (table: Table<AnalysisState>): TableRows => ({ table, added: [], updates: [] });

function asKnown(job: ChangedJob): KnownAnalysis {
  const { before, after } = job;
  return {
    state: after,
    askVersion: writesAsk(job) ? after.version : (before?.askVersion ?? null),
    runVersion: writesRun(job) ? after.version : (before?.runVersion ?? null),
    reviewVersion: writesReview(job) ? after.version : (before?.reviewVersion ?? null),
  };
}

function noticeOf(changed: readonly ChangedJob[]): Notice {
  const ended: string[] = [];
  const moved: string[] = [];
  for (const { after } of changed) (isEnded(after.status) ? ended : moved).push(after.jobId);
  return { ended, moved };
}

function depthOf(changed: readonly ChangedJob[]): readonly DepthChange[] {
  const depth = createDepthChanges();
  for (const { before, after, partition } of changed) depth.moved(before?.state ?? null, after, partition);
  return depth.list();
}

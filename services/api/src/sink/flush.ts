/**
 * One batch of records -> one transaction: rows, offsets, counts and the notice to those who wait, all or nothing (ADR 0004).
 *
 * Promise: each record takes effect once, whatever is delivered again, late or by a zombie; what memory believed and the table denies is
 * found out and done again from the table. Errors are AppErrors: dependency (Postgres away; the caller retries for ever), poison (a value
 * no column takes; the caller finds the record), fatal (fence.ts).
 */
import { AppError } from '@clinstream/runtime/errors';
import type { DecodedRecord, PartitionProgress } from '@clinstream/runtime/pipeline';
import type { Postgres, Transaction } from '@clinstream/runtime/postgres';
import { formatNotice } from '../domain/notice.ts';
import { SinkConflict } from './conflict.ts';
import { type Fenced, fence, unfenced } from './fence.ts';
import type { JobMemory } from './job-memory.ts';
import { alertKind, deliveryKind, messageKind, observationKind, orderKind, patientKind } from './kinds.ts';
import type { Siblings, Standing } from './siblings.ts';
import { type SkippedEvents, skipApplied } from './skip-applied.ts';
import { type SortedRecords, sortRecords } from './sort-records.ts';
import { type CopyEncoder, createCopyEncoder } from './sql/copy-format.ts';
import { finishFlush } from './sql/finish-flush.ts';
import { insertGap } from './sql/insert-gap.ts';
import { lockOffsets } from './sql/lock-offsets.ts';
import type { FoundGap } from './start-at.ts';
import { type AnalysesWritten, writeAnalyses } from './write-analyses.ts';
import { type KindWritten, writeKind } from './write-kind.ts';

export type KindName = Exclude<keyof SortedRecords, 'analyses'>;
export type FlushReport = {
  readonly records: number;
  readonly repeated: number;
  readonly conflicts: number;
  /** Found and recorded by this flush; to be alarmed. */
  readonly gaps: readonly FoundGap[];
  readonly analyses: AnalysesWritten;
  /** Clinical events published again under an id that had taken effect. */
  readonly skipped: SkippedEvents;
  readonly kinds: Readonly<Record<KindName, KindWritten>>;
};
export type Flush = (records: readonly DecodedRecord[], progress: readonly PartitionProgress[]) => Promise<FlushReport>;

/** After a wrong guess this many flushes read before they write: rows that exist come in crowds (a rebuild, a replay). */
const distrustFlushes = 100;
const attempts = 4;

export function createFlush(postgres: Postgres, memory: JobMemory, siblings: Siblings): Flush {
  const encode = createCopyEncoder();
  let distrust = 0;

  /** What was written, or the conflict that forbade it. */
  async function attemptFlush(input: Pick<FlushInput, 'records' | 'progress' | 'trust'>): Promise<Written | SinkConflict> {
    try {
      return await postgres.transaction((tx) =>
        flushOnce(tx, { ...input, siblings: input.trust ? siblings.of(input.progress) : [], memory, encode }),
      );
    } catch (error) {
      if (isConflict(error)) return new SinkConflict(error);
      throw error;
    }
  }

  return async (records, progress) => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const written = await attemptFlush({ records, progress, trust: attempt === 0 && distrust === 0 });
      if (written instanceof SinkConflict) {
        distrust = distrustFlushes;
        continue;
      }
      distrust = Math.max(0, distrust - 1);
      for (const known of written.analyses.changed) memory.remember(known);
      siblings.applied(progress);
      return { ...written, conflicts: attempt };
    }
    throw conflictForEver();
  };
}

const isConflict = (error: unknown): boolean =>
  error instanceof SinkConflict || (error instanceof AppError && conflictCodes.includes(error.code));

/** A row that was not to be there; an end that was refused (finish-flush.ts). */
const conflictCodes: readonly string[] = ['POSTGRES_UNIQUE_VIOLATION', 'POSTGRES_CONFLICT'];

const conflictForEver = (): AppError =>
  new AppError({
    code: 'SINK_CONFLICT',
    kind: 'retryable',
    scope: 'dependency',
    stage: 'sink',
    message: `rows changed under ${attempts} flushes in a row: does another sink work on the same partitions?`,
  });

type Written = Omit<FlushReport, 'conflicts'>;
type FlushInput = {
  readonly records: readonly DecodedRecord[];
  readonly progress: readonly PartitionProgress[];
  readonly memory: JobMemory;
  readonly encode: CopyEncoder;
  readonly trust: boolean;
  /** What memory's truth hangs on; none when everything is read. */
  readonly siblings: readonly Standing[];
};

async function flushOnce(tx: Transaction, input: FlushInput): Promise<Written> {
  const clusterId = input.progress[0]?.clusterId ?? '';
  const { records, offsets, repeated, gaps } = await fenced(tx, clusterId, input);
  for (const gap of gaps) await insertGap(tx, { clusterId, ...gap });
  const sorted = sortRecords(records);
  const { confirmed, ...analyses } = await writeAnalyses(tx, sorted.analyses, input);
  const notice = formatNotice(analyses.notice);
  const end = { clusterId, offsets, siblings: input.siblings, depth: analyses.depth, notice };
  const rest = async () => {
    const { fresh, skipped } = await skipApplied(tx, sorted);
    const kinds = await writeKinds(tx, fresh, input.encode);
    // How many rows were replaced is only seen in the answer, and COMMIT goes with the end.
    if (analyses.updated > 0) await confirmed;
    await finishFlush(tx, end);
    return { skipped, kinds };
  };
  const { skipped, kinds } = await allDone(confirmed, rest());
  return { records: records.length, repeated, gaps, analyses, skipped, kinds };
}

/** Waits for both, whatever becomes of either: after a rollback no statement may follow. The rows' own error tells more than the one behind it. */
async function allDone<T>(confirmed: Promise<void>, rest: Promise<T>): Promise<T> {
  const [rows, others] = await Promise.allSettled([confirmed, rest]);
  if (rows.status === 'rejected') throw rows.reason;
  if (others.status === 'rejected') throw others.reason;
  return others.value;
}

/** On trust the offsets are only checked at the end, which saves a lone result a round trip. */
async function fenced(
  tx: Transaction,
  clusterId: string,
  { records, progress, trust }: Pick<FlushInput, 'records' | 'progress' | 'trust'>,
): Promise<Fenced> {
  if (trust) return unfenced(records, progress);
  return fence(records, progress, await lockOffsets(tx, clusterId, progress));
}

async function writeKinds(tx: Transaction, sorted: SortedRecords, encode: CopyEncoder): Promise<FlushReport['kinds']> {
  return {
    patients: await writeKind(tx, patientKind, sorted.patients, encode),
    orders: await writeKind(tx, orderKind, sorted.orders, encode),
    observations: await writeKind(tx, observationKind, sorted.observations, encode),
    messages: await writeKind(tx, messageKind, sorted.messages, encode),
    deliveries: await writeKind(tx, deliveryKind, sorted.deliveries, encode),
    alerts: await writeKind(tx, alertKind, sorted.alerts, encode),
  };
}

/**
 * One batch of records -> one transaction: states, marks, offsets and the notice to the dispatcher, all or nothing (ADR 0011).
 *
 * Promise: each record takes effect once, whatever is delivered again, late or by a zombie. What changes a subject marks it and all that is
 * rendered with it as waiting; what changes nothing only has the subject's last outcome told again. Nothing is sent from here.
 * Errors are AppErrors: dependency (Postgres away), poison (a value no column takes), fatal (fence.ts).
 */
import { type ObservationStatus, sha256 } from '@clinstream/contracts';
import type { DecodedRecord, PartitionProgress } from '@clinstream/runtime/pipeline';
import type { Postgres, Transaction } from '@clinstream/runtime/postgres';
import type { TargetName } from '../delivery/target.ts';
import { headStartMs } from '../domain/head-start.ts';
import { isNews } from '../domain/is-news.ts';
import { idOf, laneKeyOf, linksOf, type Subject } from '../domain/subject.ts';
import { syncError } from '../errors.ts';
import { tellAgain } from '../ledger/sql/outbox.ts';
import { fence } from './fence.ts';
import type { IntakeObserver } from './observer.ts';
import { claimEvents } from './sql/applied-events.ts';
import { type Mark, markForced, markWaiting, type Redelivery } from './sql/mark-waiting.ts';
import { type Gap, insertGap, lockOffsets, moveOffsets } from './sql/offsets.ts';
import { loadSubjects, readDependents, type SubjectChange, writeSubjects } from './sql/subjects.ts';
import { type Input, inputOf, type SubjectName } from './topics.ts';

export type TakeInDeps = {
  readonly postgres: Postgres;
  readonly target: TargetName;
  readonly takes: (subject: Subject) => boolean;
  readonly observers: readonly IntakeObserver[];
  /** What the log held longer than this before the target was first told anything is held back. */
  readonly historyMs: number;
  readonly now: () => number;
};
export type TakenIn = {
  readonly changed: readonly SubjectName[];
  readonly ignored: number;
  /** Marked as waiting, dependents included. */
  readonly marked: number;
  readonly gaps: readonly Gap[];
};
export type TakeIn = (records: readonly DecodedRecord[], progress: readonly PartitionProgress[]) => Promise<TakenIn>;

export const channelOf = (target: TargetName): string => `clinstream_sync_${target}`;

const attempts = 4;
const conflict = Symbol('another batch was there first');

export function createTakeIn(deps: TakeInDeps): TakeIn {
  return async (records, progress) => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      try {
        return await deps.postgres.transaction((tx) => takeInOnce(tx, deps, records, progress));
      } catch (error) {
        if (error !== conflict) throw error;
      }
    }
    throw syncError('SYNC_CONFLICT', { message: `rows changed under ${attempts} batches in a row` });
  };
}

async function takeInOnce(
  tx: Transaction,
  { target, takes, observers, historyMs, now }: TakeInDeps,
  given: readonly DecodedRecord[],
  progress: readonly PartitionProgress[],
): Promise<TakenIn> {
  const clusterId = progress[0]?.clusterId ?? '';
  const { records, offsets, gaps, isHistory } = fence(given, progress, await lockOffsets(tx, target, clusterId, progress));
  for (const gap of gaps) await insertGap(tx, target, clusterId, gap);
  const oldest = now() - historyMs;
  const inputs = records.flatMap((record) => inputOf(target, record, isHistory(record) && record.timestamp < oldest) ?? []);
  const { changes, news, unchanged, ignored } = await reduceAll(tx, target, inputs);
  if ((await writeSubjects(tx, target, changes)) !== changes.length) throw conflict;
  const marks = await marksOf(
    tx,
    target,
    news.filter(({ subject }) => takes(subject)),
    news,
  );
  await markWaiting(tx, target, marks);
  const forced = await markForced(tx, target, redeliveriesOf(inputs));
  await tellAgain(tx, target, unchanged);
  for (const observer of observers) {
    const seen = records.filter(({ topic }) => observer.topics.includes(topic));
    if (seen.length > 0) await observer.apply(tx, seen);
  }
  await moveOffsets(tx, target, clusterId, offsets);
  if (marks.length + forced > 0) await tx.query(`SELECT pg_notify($1, '')`, [channelOf(target)]);
  return {
    changed: changes.map(({ subject, id }) => ({ kind: subject.kind, id })),
    ignored,
    marked: marks.length + forced,
    gaps,
  };
}

type Reduced = {
  readonly changes: readonly SubjectChange[];
  /** Those of the changes that may look different outside. */
  readonly news: readonly SubjectChange[];
  /** Subjects of which every event was known. */
  readonly unchanged: readonly SubjectName[];
  readonly ignored: number;
};

async function reduceAll(tx: Transaction, target: TargetName, inputs: readonly Input[]): Promise<Reduced> {
  const isFresh = await freshness(tx, target, inputs);
  const reducing = inputs.filter(({ reduce }) => reduce !== null);
  const names = distinct(reducing);
  const stored = new Map((await loadSubjects(tx, target, names)).map((row) => [nameOf(row), row]));
  const states = new Map<string, Subject>();
  for (const [name, { kind, state }] of stored) states.set(name, { kind, state } as Subject);
  const before = new Map(states);
  const lastChange = new Map<string, Input>();
  let ignored = 0;
  for (const input of reducing) {
    const name = nameOf(input);
    const known = states.get(name) ?? null;
    const next = isFresh(input) ? (input.reduce?.(known) ?? null) : known;
    if (next === null || next === known) ignored++;
    else {
      states.set(name, next);
      lastChange.set(name, input);
    }
  }
  const changes = [...lastChange].flatMap(([name, input]) => {
    const subject = states.get(name);
    return subject ? [changeOf(subject, input, stored.get(name)?.row_version ?? null)] : [];
  });
  const news = changes.filter(({ subject, id }) => isNews(before.get(nameOf({ kind: subject.kind, id })) ?? null, subject));
  return { changes, news, unchanged: names.filter((name) => !lastChange.has(nameOf(name))), ignored };
}

/** Whether a clinical event takes effect now for the first time, here and in this batch. */
async function freshness(tx: Transaction, target: TargetName, inputs: readonly Input[]): Promise<(input: Input) => boolean> {
  const first = new Map<string, Input>();
  for (const input of inputs) if (input.isClinical && !first.has(keyOf(input))) first.set(keyOf(input), input);
  const events = [...first].map(([eventId, { loggedAt }]) => ({ eventId, loggedAt }));
  const claimed = await claimEvents(tx, target, events);
  return (input) => !input.isClinical || (claimed.has(keyOf(input)) && first.get(keyOf(input)) === input);
}

/** Ours are UUIDs. A foreign producer's may be longer than an index takes. */
const keyOf = ({ eventId }: Input): string => (eventId.length <= 200 ? eventId : sha256(eventId));

const changeOf = (subject: Subject, { loggedAt, isHistory }: Input, baseVersion: number | null): SubjectChange => ({
  subject,
  id: idOf(subject),
  patientKey: laneKeyOf(subject),
  links: linksOf(subject),
  changedAt: loggedAt,
  isHistory,
  baseVersion,
});

/** What changed, and what is rendered with it, each once, in the order of the log. */
async function marksOf(
  tx: Transaction,
  target: TargetName,
  taken: readonly SubjectChange[],
  news: readonly SubjectChange[],
): Promise<readonly Mark[]> {
  const marks = new Map<string, Mark>();
  for (const { subject, id, patientKey, changedAt, isHistory } of taken)
    marks.set(nameOf({ kind: subject.kind, id }), {
      kind: subject.kind,
      id,
      patientKey,
      loggedAt: changedAt,
      headStartMs: headStartMs(subject),
      isHistory,
    });
  const changedIds = new Map(news.flatMap((change) => namesOf(change).map((id) => [id, change.changedAt] as const)));
  const latest = Math.max(0, ...changedIds.values());
  if (changedIds.size > 0)
    for (const { kind, id, patient_key } of await readDependents(tx, target, [...changedIds.keys()]))
      if (!marks.has(nameOf({ kind, id })))
        marks.set(nameOf({ kind, id }), {
          kind,
          id,
          patientKey: patient_key,
          loggedAt: latest,
          headStartMs: 0,
          isHistory: news.every((change) => change.isHistory),
        });
  return [...marks.values()];
}

/**
 * A result that was taken back may be an input of its order's analyses under another number: they are looked at as well. Of a patient only merges
 * show elsewhere.
 */
function namesOf({ subject, id }: SubjectChange): readonly string[] {
  if (subject.kind === 'patient') return subject.state.merges === undefined ? [] : [id];
  if (subject.kind !== 'observation' || subject.state.orderId === null || !takenBack.includes(subject.state.status)) return [id];
  return [id, subject.state.orderId];
}
const takenBack: readonly ObservationStatus[] = ['amended', 'corrected', 'cancelled', 'entered_in_error'];

const redeliveriesOf = (inputs: readonly Input[]): readonly Redelivery[] =>
  inputs.filter(({ reduce }) => reduce === null).map(({ kind, id, askedAt, loggedAt }) => ({ kind, id, askedAt, loggedAt }));

const nameOf = ({ kind, id }: SubjectName): string => `${kind} ${id}`;

function distinct(names: readonly SubjectName[]): readonly SubjectName[] {
  const seen = new Map<string, SubjectName>();
  for (const { kind, id } of names) if (!seen.has(nameOf({ kind, id }))) seen.set(nameOf({ kind, id }), { kind, id });
  return [...seen.values()];
}

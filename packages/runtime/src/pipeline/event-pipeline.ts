/**
 * What happens to one record between being read and being done: decode, handle in key order under a time limit, then one of
 *
 *   done | skip ──────────────────────────────────────────> offset may be committed
 *   dependency down ── put back, whole group pauses ──────> tried again, no attempt counted
 *   message error ──── waits in place | retry topic ──────> tried again, attempts bounded
 *   exhausted | poison | ambiguous | park ── dead letter ─> offset may be committed
 *   fatal ─────────────────────────────────────────────────> process drains
 *
 * Invariants: one try per key at a time; a record leaves by exactly one door; its offset advances only after that door confirmed. Nothing here
 * rejects or throws outwards.
 */
import type { Topic } from '@clinstream/contracts';
import { createKeyPool, type KeyPool, type PoolEntry } from '../consumer/key-pool.ts';
import type { Lease } from '../consumer/offset-tracker.ts';
import type { TrackedRecord } from '../consumer/tracked-record.ts';
import type { Outcome } from '../consumer/types.ts';
import { AppError } from '../errors/app-error.ts';
import { whenAborted } from '../errors/back-off.ts';
import { classify, runtimeError } from '../errors/classify.ts';
import type { OnFatal } from '../lifecycle/component.ts';
import type { EventProducer } from '../producer/types.ts';
import type { Codecs } from '../registry/types.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { decodeRecord, originTopicOf } from './decode.ts';
import { createExits } from './exits.ts';
import { createFailures } from './failures.ts';
import { createGate } from './gate.ts';
import { createOutcomes } from './outcomes.ts';
import { createTimeouts, type Run } from './timeouts.ts';
import type { EventConsumerOptions } from './types.ts';
import { createWork, type Exit, type Source, type Work, WorkContext } from './work.ts';

export type EventPipelineDeps = {
  readonly codecs: Codecs;
  readonly producer: EventProducer;
  readonly telemetry: Telemetry;
  readonly onFatal: OnFatal;
};

export type EventPipeline = {
  accept(record: TrackedRecord, source: Source): void;
  pump(): void;
  lost(leases: readonly Lease[]): void;
  /** Nothing starts. */
  hold(isHeld: boolean): void;
  /** Nothing that this source has read starts; the keys of its records wait. */
  fence(source: Source, isFenced: boolean): void;
  /** Drops what has not begun, waits for what has until the signal aborts, then aborts and abandons it. */
  drain(deadline: AbortSignal): Promise<void>;
  problem(): string | null;
};

/** How long a handler may take to react to its abort signal before it is given up. */
const graceMs = 1_000;

export function createEventPipeline<T extends Topic>(options: EventConsumerOptions<T>, deps: EventPipelineDeps): EventPipeline {
  const { now } = deps.telemetry.clock;
  const log = deps.telemetry.log.child({ component: 'pipeline', group: options.group });
  const outcomes = createOutcomes(deps.telemetry, options.group, options.topics);
  const exits = createExits(options, { producer: deps.producer, now, log, outcomes });
  const gate = createGate({ now, onOpen: () => pool.pump(), onChange: (change) => outcomes.dependency(change, log) });
  const pool: KeyPool<Work<T>> = createKeyPool({
    concurrency: () => gate.limit(options.concurrency),
    start: (entry) => start(entry),
  });
  const timeouts = createTimeouts<Work<T>>({
    timeoutMs: options.handlerTimeoutMs,
    graceMs,
    now,
    onLate: (work) => work.context?.abort(timedOut()),
    onGivenUp: (work) => giveUpWaiting(work),
  });
  /** Sources whose partitions may be someone else's, with what they would have started. */
  const fenced = new Map<Source, PoolEntry<Work<T>>[]>();
  let isDraining = false;
  let whenIdle: (() => void) | null = null;
  outcomes.onCollect(pool.running);

  const finish = (entry: PoolEntry<Work<T>>, isDone: boolean): void => {
    const { record, source } = entry.work;
    pool.finish(entry);
    if (isDone) source.done(record);
    else source.abandon(record);
    openWhenEmpty();
    pool.pump();
    if (whenIdle && pool.running() === 0) whenIdle();
  };
  /** A dependency that nobody waits for is no problem: readiness must not hang on work that went with its partition. */
  const openWhenEmpty = (): void => {
    if (gate.problem() !== null && pool.running() + pool.waiting() === 0) gate.forget();
  };
  const failures = createFailures<T>({
    ...{ pool, gate, exits, outcomes, now, log, finish },
    policyOf: ({ event }) =>
      event === undefined || !options.attemptsOf ? options.retry : { ...options.retry, attempts: options.attemptsOf(event) },
    onFatal: deps.onFatal,
    isDraining: () => isDraining,
  });

  const accept = (record: TrackedRecord, source: Source): void => {
    const work = createWork<T>(record, source, originTopicOf(record) as T);
    exits.prepare(work);
    pool.add(record.key === null ? `${record.topic}/${record.partition}` : record.key.toString('latin1'), work);
  };

  const start = (entry: PoolEntry<Work<T>>): void => {
    const { work } = entry;
    const waiting = fenced.size > 0 ? fenced.get(work.source) : undefined;
    if (waiting) {
      pool.hold(entry);
      waiting.push(entry);
      return;
    }
    if (work.exit) return void failures.leave(entry);
    const context = new WorkContext(work.record, work.attempt, log);
    work.context = context;
    work.entry = entry;
    timeouts.began(work);
    void tryOnce(entry, context);
  };

  const tryOnce = async (entry: PoolEntry<Work<T>>, context: WorkContext): Promise<void> => {
    const { work } = entry;
    let outcome: Outcome | AppError;
    try {
      const event = work.event ?? decodeRecord(deps.codecs, work.topic, work.record);
      work.event = event instanceof Promise ? await event : event;
      outcome = await options.handle(work.event, context);
    } catch (error) {
      outcome = classify(error, work.event === undefined ? 'decode' : 'process');
      await null; // nothing may end within the pool's start, not even what throws at once
    }
    answered(entry, context, outcome);
  };

  const answered = (entry: PoolEntry<Work<T>>, context: WorkContext, outcome: Outcome | AppError): void => {
    const { work } = entry;
    if (work.context !== context) return; // given up meanwhile
    endTry(work);
    const isCutOff = isDraining && context.isAborted && !work.isLate && outcome instanceof AppError;
    if (isCutOff) finish(entry, false);
    else settle(entry, outcome);
  };

  const endTry = (work: Work<T>): void => {
    work.context = null;
    timeouts.ended(work);
    outcomes.tried((now() - work.startedAt) / 1_000);
  };

  /** The handler ignored its abort signal: its answer will be ignored, the record goes on as timed out. */
  const giveUpWaiting = (work: Work<T>): void => {
    const { entry } = work;
    endTry(work);
    if (entry) settle(entry, timedOut());
  };

  const settle = (entry: PoolEntry<Work<T>>, outcome: Outcome | AppError): void => {
    const { work } = entry;
    if (!work.record.lease.isOwned) finish(entry, false);
    else if (outcome instanceof AppError) failures.failed(entry, asTimeout(work, outcome));
    else if (outcome.kind === 'park') failures.exitBy(entry, parkedBy(outcome.error));
    else {
      gate.succeeded();
      outcomes.count(work, outcome.kind === 'done' ? 'done' : 'skipped', outcome.kind === 'done' ? '' : outcome.reason);
      finish(entry, true);
    }
  };

  /** Drops work that has not begun. */
  const forget = (isUnwanted: (work: Work<T>) => boolean): void => {
    pool.drop((work) => {
      if (!isUnwanted(work)) return false;
      if (work.timer) clearTimeout(work.timer);
      work.source.abandon(work.record);
      return true;
    });
  };

  const idleOr = async (signal: AbortSignal): Promise<void> => {
    if (pool.running() === 0) return;
    const idle = new Promise<void>((resolve) => {
      whenIdle = resolve;
    });
    await Promise.race([idle, whenAborted(signal)]);
  };

  return {
    accept,
    pump: pool.pump,
    lost(leases) {
      const gone = new Set(leases);
      forget((work) => gone.has(work.record.lease));
      for (const work of timeouts.runs()) if (gone.has(work.record.lease)) work.context?.abort(lostPartition());
      openWhenEmpty();
      pool.pump();
    },
    hold: gate.hold,
    fence(source, isFenced) {
      if (isFenced && !fenced.has(source)) fenced.set(source, []);
      if (isFenced) return;
      const waiting = fenced.get(source) ?? [];
      fenced.delete(source);
      for (const entry of waiting) pool.wake(entry);
      pool.pump();
    },
    async drain(deadline) {
      isDraining = true;
      gate.close();
      forget(() => true);
      await idleOr(deadline);
      for (const work of timeouts.runs()) work.context?.abort(stopping());
      await idleOr(AbortSignal.timeout(graceMs));
      timeouts.stop();
    },
    problem: gate.problem,
  };
}

const timedOut = (): AppError => runtimeError('HANDLER_TIMEOUT', 'process');
const lostPartition = (): Error => new Error('the partition was lost');
const stopping = (): Error => new Error('the service is stopping');
/** What a handler throws when its time is up is its way to stop, not the reason. */
const asTimeout = ({ isLate }: Run, error: AppError): AppError => (isLate && error.scope !== 'dependency' ? timedOut() : error);
const parkedBy = (reason: Error): Exit => {
  const error = reason instanceof AppError ? reason : runtimeError('PARKED_BY_HANDLER', 'process', { cause: reason });
  return { kind: 'park', error, isExhaustedTold: true };
};

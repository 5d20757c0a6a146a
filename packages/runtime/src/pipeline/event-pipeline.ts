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
import { classify, runtimeError } from '../errors/classify.ts';
import type { OnFatal } from '../lifecycle/component.ts';
import type { EventProducer } from '../producer/types.ts';
import type { Codecs } from '../registry/types.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { decodeRecord, originTopicOf } from './decode.ts';
import { createExits, type Exits } from './exits.ts';
import { createGate, type Gate } from './gate.ts';
import { createOutcomes, type Outcomes } from './outcomes.ts';
import { decideFailure } from './retry.ts';
import { createTimeouts, type Timeouts } from './timeouts.ts';
import type { EventConsumerOptions } from './types.ts';
import { type Exit, type Source, type Work, WorkContext } from './work.ts';

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
  hold(isHeld: boolean): void;
  /** Drops what has not begun, waits for what has until the signal aborts, then aborts and abandons it. */
  drain(deadline: AbortSignal): Promise<void>;
  problem(): string | null;
};

/** How long a handler may take to react to its abort signal before it is given up. */
const graceMs = 1_000;

export function createEventPipeline<T extends Topic>(options: EventConsumerOptions<T>, deps: EventPipelineDeps): EventPipeline {
  const { telemetry } = deps;
  const now = telemetry.clock.now;
  const log = telemetry.log.child({ component: 'pipeline', group: options.group });
  const entries = new WeakMap<Work<T>, PoolEntry<Work<T>>>();
  const outcomes: Outcomes = createOutcomes(telemetry, options.group, options.topics);
  const gate: Gate = createGate({ now, onOpen: () => pool.pump(), onChange: (change) => outcomes.dependency(change, log) });
  const pool: KeyPool<Work<T>> = createKeyPool({
    concurrency: () => gate.limit(options.concurrency),
    start: (entry) => void run(entry),
  });
  const timeouts: Timeouts<Work<T>> = createTimeouts({
    timeoutMs: options.handlerTimeoutMs,
    graceMs,
    now,
    onLate: (work) => work.context?.abort(timedOut()),
    onGivenUp: (work) => giveUpWaiting(work),
  });
  const exits: Exits<T> = createExits(options, { producer: deps.producer, now, log, outcomes });
  let isDraining = false;
  let whenIdle: (() => void) | null = null;
  outcomes.onCollect(() => pool.running());

  const accept = (record: TrackedRecord, source: Source): void => {
    const work: Work<T> = {
      record,
      source,
      topic: originTopicOf(record) as T,
      event: undefined,
      attempt: 0,
      context: null,
      exit: null,
      timer: null,
      startedAt: 0,
      isLate: false,
    };
    exits.prepare(work);
    pool.add(record.key === null ? `${record.topic}/${record.partition}` : record.key.toString('latin1'), work);
  };

  const run = async (entry: PoolEntry<Work<T>>): Promise<void> => {
    const { work } = entry;
    entries.set(work, entry);
    if (work.exit) return leave(entry);
    const context = new WorkContext(work.record, work.attempt, log);
    work.context = context;
    timeouts.began(work);
    let outcome: Outcome | AppError;
    try {
      if (work.event === undefined) {
        const decoded = decodeRecord(deps.codecs, work.topic, work.record);
        work.event = decoded instanceof Promise ? await decoded : decoded;
      }
      outcome = await options.handle(work.event, context);
    } catch (error) {
      outcome = classify(error, work.event === undefined ? 'decode' : 'process');
    }
    if (work.context !== context) return;
    endTry(work);
    settle(entry, outcome);
  };

  const endTry = (work: Work<T>): void => {
    work.context = null;
    timeouts.ended(work);
    outcomes.tried((now() - work.startedAt) / 1_000);
  };

  /** The handler ignored its abort signal: its answer will be ignored, the record goes on as timed out. */
  const giveUpWaiting = (work: Work<T>): void => {
    const entry = entries.get(work);
    endTry(work);
    if (entry) settle(entry, timedOut());
  };

  const settle = (entry: PoolEntry<Work<T>>, outcome: Outcome | AppError): void => {
    const { work } = entry;
    if (!work.record.lease.isOwned) finish(entry, false);
    else if (outcome instanceof AppError) fail(entry, work.isLate && outcome.scope !== 'dependency' ? timedOut() : outcome);
    else if (outcome.kind === 'park') exitBy(entry, { kind: 'park', error: parkedBy(outcome.error), isExhaustedTold: true });
    else handled(entry, outcome);
  };

  const handled = (entry: PoolEntry<Work<T>>, outcome: Exclude<Outcome, { kind: 'park' }>): void => {
    gate.succeeded();
    if (outcome.kind === 'done') outcomes.count(entry.work, 'done', '');
    else outcomes.count(entry.work, 'skipped', outcome.reason);
    finish(entry, true);
  };

  const exitBy = (entry: PoolEntry<Work<T>>, exit: Exit): void => {
    gate.succeeded();
    entry.work.exit = exit;
    void leave(entry);
  };

  const fail = (entry: PoolEntry<Work<T>>, error: AppError): void => {
    const { work } = entry;
    const decision = decideFailure(error, work.attempt, options.retry, { now: now(), random: Math.random() });
    if (decision.kind === 'pause') pause(entry, error);
    else if (decision.kind === 'wait') wait(entry, error, decision.delayMs);
    else if (decision.kind === 'retry-topic') exitBy(entry, exits.toRetryTopic(work, error, decision));
    else if (decision.kind === 'park') exitBy(entry, { kind: 'park', error, isExhaustedTold: false });
    else giveUp(entry, error);
  };

  /** This can never work: nothing new begins, the record stays uncommitted, the process drains. */
  const giveUp = (entry: PoolEntry<Work<T>>, error: AppError): void => {
    log.error({ err: error, code: error.code }, 'handling cannot go on');
    gate.close();
    pool.hold(entry);
    checkIdle();
    deps.onFatal(error);
  };

  const pause = (entry: PoolEntry<Work<T>>, error: AppError): void => {
    gate.failed(error);
    if (isDraining) {
      finish(entry, false);
      return;
    }
    pool.hold(entry);
    pool.wake(entry);
    pool.pump();
  };

  const wait = (entry: PoolEntry<Work<T>>, error: AppError, delayMs: number): void => {
    gate.succeeded();
    if (isDraining) {
      finish(entry, false);
      return;
    }
    const { work } = entry;
    work.attempt++;
    outcomes.retrying('place', error);
    pool.hold(entry);
    work.timer = setTimeout(() => {
      work.timer = null;
      pool.wake(entry);
      pool.pump();
    }, delayMs);
    pool.pump();
  };

  /** Through the door chosen for it; the key waits until the door confirmed. */
  const leave = async (entry: PoolEntry<Work<T>>): Promise<void> => {
    const { work } = entry;
    try {
      await exits.leave(work);
    } catch (cause) {
      const error = classify(cause, 'publish');
      if (!work.record.lease.isOwned) finish(entry, false);
      else if (error.kind === 'fatal') giveUp(entry, error);
      else pause(entry, error);
      return;
    }
    gate.succeeded();
    finish(entry, true);
  };

  const finish = (entry: PoolEntry<Work<T>>, isDone: boolean): void => {
    const { record, source } = entry.work;
    pool.finish(entry);
    if (isDone) source.done(record);
    else source.abandon(record);
    pool.pump();
    checkIdle();
  };

  const checkIdle = (): void => {
    if (whenIdle && pool.running() === 0) whenIdle();
  };

  const forget = (isUnwanted: (work: Work<T>) => boolean): void => {
    pool.drop((work) => {
      if (!isUnwanted(work)) return false;
      if (work.timer) clearTimeout(work.timer);
      work.source.abandon(work.record);
      return true;
    });
  };

  return {
    accept,
    pump: pool.pump,
    lost(leases) {
      const gone = new Set(leases);
      forget((work) => gone.has(work.record.lease));
      for (const work of timeouts.runs()) if (gone.has(work.record.lease)) work.context?.abort(lostPartition());
    },
    hold: gate.hold,
    async drain(deadline) {
      isDraining = true;
      gate.close();
      forget(() => true);
      await idleOr(deadline);
      for (const work of timeouts.runs()) work.context?.abort(stopping());
      if (pool.running() > 0) await idleOr(AbortSignal.timeout(graceMs));
      timeouts.stop();
    },
    problem: gate.problem,
  };

  async function idleOr(signal: AbortSignal): Promise<void> {
    if (pool.running() === 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      whenIdle = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

const timedOut = (): AppError => runtimeError('HANDLER_TIMEOUT', 'process');
const lostPartition = (): Error => new Error('the partition was lost');
const stopping = (): Error => new Error('the service is stopping');
const parkedBy = (error: Error): AppError =>
  error instanceof AppError ? error : runtimeError('PARKED_BY_HANDLER', 'process', { cause: error });

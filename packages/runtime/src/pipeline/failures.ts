/**
 * What becomes of work whose try failed or whose handler parked it: put back while a dependency is away, waiting in place, or out by the
 * retry topic or the dead-letter topic. The key stays blocked until the record is through its door.
 */
import type { Topic } from '@clinstream/contracts';
import type { KeyPool, PoolEntry } from '../consumer/key-pool.ts';
import type { AppError } from '../errors/app-error.ts';
import { classify } from '../errors/classify.ts';
import type { OnFatal } from '../lifecycle/component.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Exits } from './exits.ts';
import type { Gate } from './gate.ts';
import type { Outcomes } from './outcomes.ts';
import { decideFailure } from './retry.ts';
import type { RetryPolicy } from './types.ts';
import type { Exit, Work } from './work.ts';

export type FailuresOptions<T extends Topic> = {
  readonly pool: KeyPool<Work<T>>;
  readonly gate: Gate;
  readonly exits: Exits<T>;
  readonly outcomes: Outcomes;
  readonly policyOf: (work: Work<T>) => RetryPolicy;
  readonly now: () => number;
  readonly log: Logger;
  readonly onFatal: OnFatal;
  readonly isDraining: () => boolean;
  readonly finish: (entry: PoolEntry<Work<T>>, isDone: boolean) => void;
};

export type Failures<T extends Topic> = {
  failed(entry: PoolEntry<Work<T>>, error: AppError): void;
  exitBy(entry: PoolEntry<Work<T>>, exit: Exit): void;
  /** Through the door chosen for it. */
  leave(entry: PoolEntry<Work<T>>): Promise<void>;
};

export function createFailures<T extends Topic>(options: FailuresOptions<T>): Failures<T> {
  const { pool, gate, exits, outcomes, policyOf, now, log, finish } = options;

  const failed = (entry: PoolEntry<Work<T>>, error: AppError): void => {
    const { work } = entry;
    const decision = decideFailure(error, work.attempt, policyOf(work), { now: now(), random: Math.random() });
    if (decision.kind === 'pause') pause(entry, error);
    else if (decision.kind === 'wait') wait(entry, error, decision.delayMs);
    else if (decision.kind === 'retry-topic') exitBy(entry, exits.toRetryTopic(work, error, decision));
    else if (decision.kind === 'park') exitBy(entry, { kind: 'park', error, isExhaustedTold: false });
    else giveUp(entry, error);
  };

  const pause = (entry: PoolEntry<Work<T>>, error: AppError): void => {
    gate.failed(error);
    if (options.isDraining()) {
      finish(entry, false);
      return;
    }
    pool.hold(entry);
    pool.wake(entry);
    pool.pump();
  };

  const wait = (entry: PoolEntry<Work<T>>, error: AppError, delayMs: number): void => {
    gate.succeeded();
    if (options.isDraining()) {
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

  /** This can never work: nothing new begins, the record stays uncommitted, the process drains. */
  const giveUp = (entry: PoolEntry<Work<T>>, error: AppError): void => {
    log.error({ err: error, code: error.code }, 'handling cannot go on');
    gate.close();
    finish(entry, false);
    options.onFatal(error);
  };

  const exitBy = (entry: PoolEntry<Work<T>>, exit: Exit): void => {
    gate.succeeded();
    entry.work.exit = exit;
    void leave(entry);
  };

  const leave = async (entry: PoolEntry<Work<T>>): Promise<void> => {
    try {
      await exits.leave(entry.work);
    } catch (cause) {
      const error = classify(cause, 'publish');
      if (!entry.work.record.lease.isOwned) finish(entry, false);
      else if (error.kind === 'fatal') giveUp(entry, error);
      else pause(entry, error);
      return;
    }
    gate.succeeded();
    finish(entry, true);
  };

  return { failed, exitBy, leave };
}

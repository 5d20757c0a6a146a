/**
 * The queue of one topic-partition. One send under way at a time; what arrives meanwhile is the next batch, so batches grow with load and an
 * idle lane sends at once. Keeps the order of `add` across retries. An item past its deadline is rejected, whether still queued or under
 * way; the send under way is then still waited for before the next begins, because its records may yet be appended.
 * A refusal's code says that nothing was accepted only where that is certain: once a try may have reached the log it is KAFKA_UNAVAILABLE.
 */
import type { Message } from 'kafkajs';
import type { AppError } from '../errors/app-error.ts';
import { type BackOff, backOffDelay, dependencyBackOff, sleep } from '../errors/back-off.ts';
import { classify, runtimeError } from '../errors/classify.ts';
import type { ProducerLimits } from './types.ts';

/** One record on its way; `settled` is set by whoever answers the caller. */
export type Outgoing = {
  readonly message: Message;
  readonly bytes: number;
  readonly deadline: number;
  settled: boolean;
  succeed(offset: number): void;
  fail(error: AppError): void;
};

export type LaneEvents = {
  confirmed(records: number, seconds: number): void;
  retrying(error: AppError): void;
};

export type LaneOptions = {
  readonly send: (messages: Message[]) => Promise<number>;
  readonly limits: Pick<ProducerLimits, 'maxBatchRecords' | 'maxBatchBytes'>;
  readonly now: () => number;
  readonly stopping: AbortSignal;
  readonly events: LaneEvents;
  readonly backOff?: BackOff;
};

export type Lane = {
  add(item: Outgoing): void;
  /** Sends what is queued, unless a send is under way. */
  flush(): void;
  /** Rejects what is past its deadline. */
  expire(now: number): void;
  /** Rejects everything: with this error what was never sent, as unconfirmed what is under way. */
  abandon(error: AppError): void;
  isIdle(): boolean;
};

export function createLane(options: LaneOptions): Lane {
  let queue: Outgoing[] = [];
  let underWay: Outgoing[] = [];

  const flush = (): void => {
    if (underWay.length > 0 || queue.length === 0) return;
    underWay = takeBatch();
    deliver(underWay, options, false).finally(() => {
      underWay = [];
      flush();
    });
  };

  const takeBatch = (): Outgoing[] => {
    let bytes = 0;
    let count = 0;
    for (const item of queue) {
      bytes += item.bytes;
      if (count > 0 && (count >= options.limits.maxBatchRecords || bytes > options.limits.maxBatchBytes)) break;
      count++;
    }
    if (count === queue.length) {
      const all = queue;
      queue = [];
      return all;
    }
    return queue.splice(0, count);
  };

  const rejectLate = (items: readonly Outgoing[], now: number): void => {
    for (const item of items) {
      if (item.deadline > now) return;
      item.fail(unconfirmed());
    }
  };

  return {
    add: (item) => void queue.push(item),
    flush,
    expire(now) {
      rejectLate(underWay, now);
      rejectLate(queue, now);
      if (queue[0]?.settled) queue = queue.filter(({ settled }) => !settled);
    },
    abandon(error) {
      rejectAll(underWay, unconfirmed());
      for (const item of queue) item.fail(error);
      queue = [];
    },
    isIdle: () => underWay.length === 0 && queue.length === 0,
  };
}

/** Answers of the broker that say that it appended nothing. */
const refusals: ReadonlySet<string> = new Set(['RECORD_TOO_LARGE', 'TOPIC_UNKNOWN', 'KAFKA_REJECTED']);
const unconfirmed = (): AppError => runtimeError('KAFKA_UNAVAILABLE', 'publish');

/** Sends until confirmed, refused for good, or nobody waits for it any more. `isInDoubt`: an earlier try may have been appended. Never rejects. */
async function deliver(batch: readonly Outgoing[], options: LaneOptions, isInDoubt: boolean): Promise<void> {
  const startedAt = options.now();
  let inDoubt = isInDoubt;
  for (let attempt = 1; ; attempt++) {
    const waiting = attempt === 1 ? batch : batch.filter(({ settled }) => !settled);
    if (waiting.length === 0) return;
    const error = await trySend(waiting, options);
    if (error === null) return options.events.confirmed(waiting.length, (options.now() - startedAt) / 1_000);
    inDoubt ||= !refusals.has(error.code);
    if (error.code === 'RECORD_TOO_LARGE' && waiting.length > 1) return deliverHalves(waiting, options, inDoubt);
    if (error.kind !== 'retryable') return rejectAll(waiting, endedBy(error, inDoubt));
    options.events.retrying(error);
    await sleep(backOffDelay(options.backOff ?? dependencyBackOff, attempt), options.stopping);
    if (options.stopping.aborted) return rejectAll(waiting, endedBy(error, inDoubt));
  }
}

/** What the last error means for records that an earlier try may have appended. One that is too large alone never was. */
const endedBy = (error: AppError, inDoubt: boolean): AppError =>
  inDoubt && error.code !== 'RECORD_TOO_LARGE' ? unconfirmed() : error;

async function trySend(items: readonly Outgoing[], options: LaneOptions): Promise<AppError | null> {
  let base: number;
  try {
    base = await options.send(items.map(({ message }) => message));
  } catch (error) {
    return classify(error, 'publish');
  }
  for (let i = 0; i < items.length; i++) items[i]?.succeed(base + i);
  return null;
}

/** The broker refused the batch for its size: one large record must not fail its neighbours. */
async function deliverHalves(items: readonly Outgoing[], options: LaneOptions, isInDoubt: boolean): Promise<void> {
  const middle = items.length >> 1;
  await deliver(items.slice(0, middle), options, isInDoubt);
  await deliver(items.slice(middle), options, isInDoubt);
}

function rejectAll(items: readonly Outgoing[], error: AppError): void {
  for (const item of items) item.fail(error);
}

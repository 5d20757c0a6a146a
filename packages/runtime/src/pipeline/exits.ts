/**
 * The dead-letter and retry-topic stages: how a record leaves without having been handled. Publishing failures reject (the record stays and the
 * group waits): the offset never advances before the copy is confirmed.
 */
import { headerNames, isRetryTopic, parkedHeaderNames, retryTiers, retryTopicOf, type Topic } from '@clinstream/contracts';
import type { Logger } from 'pino';
import type { ConsumedRecord } from '../consumer/types.ts';
import type { AppError } from '../errors/app-error.ts';
import { classify } from '../errors/classify.ts';
import type { EventProducer } from '../producer/types.ts';
import { headerNumber } from './envelope.ts';
import type { Outcomes } from './outcomes.ts';
import { type Failure, firstFailedAtOf, relayRecord, retryRecord } from './parked.ts';
import { parkRecord } from './parking.ts';
import { type FailureDecision, tierFor } from './retry.ts';
import type { EventConsumerOptions } from './types.ts';
import { type Exit, type Work, WorkContext } from './work.ts';

export type Exits<T extends Topic> = {
  /** Sets the try's number, and the exit of a record that stands on a retry topic and still has to wait. */
  prepare(work: Work<T>): void;
  toRetryTopic(work: Work<T>, error: AppError, decision: Extract<FailureDecision, { kind: 'retry-topic' }>): Exit;
  leave(work: Work<T>): Promise<void>;
};

export type ExitsDeps = {
  readonly producer: Pick<EventProducer, 'publishRecord'>;
  readonly now: () => number;
  readonly log: Logger;
  readonly outcomes: Outcomes;
};

/** When a record on one of the group's retry topics may be looked at: after its tier's wait, or earlier if it is due by then. */
export function retryDueAt(group: string, record: ConsumedRecord): number {
  const tier = retryTiers.find((one) => retryTopicOf(group, one) === record.topic);
  const notBefore = headerNumber(record.headers[parkedHeaderNames.notBefore]) ?? 0;
  const parkedAt = headerNumber(record.headers[parkedHeaderNames.parkedAt]) ?? record.timestamp;
  return Math.min(notBefore, parkedAt + (tier?.delayMs ?? 0));
}

export function createExits<T extends Topic>(options: EventConsumerOptions<T>, deps: ExitsDeps): Exits<T> {
  const { group } = options;
  const { producer, now, log, outcomes } = deps;
  const failureOf = (work: Work<T>, error: AppError): Failure => {
    const at = now();
    return { error, attempts: work.attempt, firstFailedAt: firstFailedAtOf(work.record) ?? at, now: at };
  };

  /** Lets the service publish a terminal event. Its own failure holds the record only when trying again can help. */
  const tellExhausted = async (work: Work<T>, error: AppError): Promise<void> => {
    if (!options.onExhausted || work.event === undefined) return;
    try {
      await options.onExhausted(work.event, error, new WorkContext(work.record, work.attempt, log));
    } catch (cause) {
      const failure = classify(cause, 'process');
      if (failure.scope === 'dependency' || failure.kind === 'fatal') throw failure;
      log.error({ err: failure, code: failure.code }, 'telling that a record is exhausted failed; it is parked all the same');
    }
  };

  return {
    prepare(work) {
      if (!isRetryTopic(work.record.topic)) return;
      work.attempt = attemptOf(work.record);
      const notBefore = headerNumber(work.record.headers[parkedHeaderNames.notBefore]);
      if (notBefore === null) return;
      const remaining = notBefore - now();
      if (remaining <= 0) return;
      const send = () => producer.publishRecord(relayRecord(group, tierFor(remaining), work.record, now()));
      work.exit = { kind: 'retry-topic', send };
    },
    toRetryTopic(work, error, { tier, notBefore }) {
      outcomes.retrying('topic', error);
      const send = () => producer.publishRecord(retryRecord(group, tier, notBefore, work.record, failureOf(work, error)));
      return { kind: 'retry-topic', send };
    },
    async leave(work) {
      const { exit } = work;
      if (exit?.kind === 'retry-topic') {
        await exit.send();
        outcomes.count(work, 'retried', '');
      } else if (exit?.kind === 'park') {
        if (!exit.isExhaustedTold) await tellExhausted(work, exit.error);
        exit.isExhaustedTold = true;
        await parkRecord({ group, ...deps }, work.record, exit.error, work.attempt);
      }
    },
  };
}

const attemptOf = ({ headers }: ConsumedRecord): number => {
  const header = headers[headerNames.attempt];
  return header === undefined ? 1 : Math.max(1, headerNumber(header) ?? 1);
};

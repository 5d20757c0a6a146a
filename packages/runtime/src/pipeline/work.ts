/** One record on its way through the pipeline, and what its handler is shown. Everything dear (log, signal, envelope) is made when asked for. */
import type { Envelope, LogPosition, Topic, TopicEvents } from '@clinstream/contracts';
import type { Logger } from 'pino';
import type { PoolEntry } from '../consumer/key-pool.ts';
import type { TrackedRecord } from '../consumer/tracked-record.ts';
import type { ConsumedRecord } from '../consumer/types.ts';
import type { AppError } from '../errors/app-error.ts';
import { envelopeOf } from './envelope.ts';
import type { Run } from './timeouts.ts';
import type { EventContext } from './types.ts';

/** Who read the record and is told when it is done. */
export type Source = { done(record: TrackedRecord): void; abandon(record: TrackedRecord): void };

export type Work<T extends Topic> = Run & {
  readonly record: TrackedRecord;
  readonly source: Source;
  /** The topic it was first published on. */
  readonly topic: T;
  event: TopicEvents[T] | undefined;
  /** 1-based try. */
  attempt: number;
  /** The try under way; null between tries. A late answer of an earlier try finds another one here. */
  context: WorkContext | null;
  /** Its place in the pool, from its first try on. */
  entry: PoolEntry<Work<T>> | null;
  /** Set once the record must leave by another door; then the handler is not called again. */
  exit: Exit | null;
  /** In-place wait under way. */
  timer: NodeJS.Timeout | null;
};

export type Exit =
  | { readonly kind: 'park'; readonly error: AppError; isExhaustedTold: boolean }
  | { readonly kind: 'retry-topic'; readonly send: () => Promise<unknown> };

export const createWork = <T extends Topic>(record: TrackedRecord, source: Source, topic: T): Work<T> => ({
  record,
  source,
  topic,
  event: undefined,
  attempt: 1,
  context: null,
  entry: null,
  exit: null,
  timer: null,
  startedAt: 0,
  isLate: false,
});

/** A class, not a closure: one is made per record and its getters live on the prototype. */
export class WorkContext implements EventContext {
  readonly record: ConsumedRecord;
  readonly attempt: number;
  readonly #log: Logger;
  #envelope: Envelope | null = null;
  #child: Logger | null = null;
  #controller: AbortController | null = null;
  #abortReason: Error | null = null;

  constructor(record: ConsumedRecord, attempt: number, log: Logger) {
    this.record = record;
    this.attempt = attempt;
    this.#log = log;
  }

  get envelope(): Envelope {
    this.#envelope ??= envelopeOf(this.record);
    return this.#envelope;
  }

  get position(): LogPosition {
    const { topic, partition, offset } = this.record;
    return { topic, partition, offset };
  }

  get log(): Logger {
    const { topic, partition, offset } = this.record;
    const { eventId, correlationId } = this.envelope;
    this.#child ??= this.#log.child({ topic, partition, offset, eventId, correlationId });
    return this.#child;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abortReason) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get isAborted(): boolean {
    return this.#abortReason !== null;
  }

  abort(reason: Error): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(reason);
  }
}

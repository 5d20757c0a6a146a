/**
 * Brings one batch into the store, whatever it takes: decode, park what cannot be decoded, apply. A dependency that is away is waited out. A
 * batch that fails otherwise is tried once more, then halved until the record that fails stands alone, and that one is parked. Never
 * rejects; ends early only when stopping or on a fatal error. Records of lost partitions are dropped before every try.
 */
import type { Envelope, Topic, TopicEvents } from '@clinstream/contracts';
import type { Logger } from 'pino';
import type { Lease } from '../consumer/offset-tracker.ts';
import type { TrackedRecord } from '../consumer/tracked-record.ts';
import { AppError, type ErrorStage } from '../errors/app-error.ts';
import { backOffDelay, sleep } from '../errors/back-off.ts';
import { classify } from '../errors/classify.ts';
import type { Codecs } from '../registry/types.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { decodeRecord } from './decode.ts';
import { envelopeOf } from './envelope.ts';
import type { EventPipelineDeps } from './event-pipeline.ts';
import { pipelineMetrics } from './metrics.ts';
import { createOutcomes } from './outcomes.ts';
import { parkRecord } from './parking.ts';
import { createPatience } from './patience.ts';
import { type BatchItem, progressOf } from './progress.ts';
import type { BatchConsumerOptions, DecodedRecord } from './types.ts';

export type BatchApplier = {
  /** Resolves with the records that are in the store (or parked). */
  apply(records: readonly TrackedRecord[]): Promise<ReadonlySet<TrackedRecord>>;
  /** Resolves when no call of `apply` to the store is under way. */
  idle(): Promise<void>;
  problem(): string | null;
};

export type BatchApplierDeps = EventPipelineDeps & {
  readonly log: Logger;
  /** Next offset of each partition in the store, as far as we know. */
  readonly positions: Map<Lease, number>;
  readonly clusterId: () => string;
  readonly stopping: AbortSignal;
};

/** Thrown inside to end everything at once; `apply` catches it. */
const ended = Symbol('ended');

/** Tries of a batch that fails with a message error before it is halved, and the wait between them. */
const triesBeforeHalving = 2;
const betweenTries = { baseMs: 50, maxMs: 1_000 };

export function createBatchApplier<T extends Topic>(options: BatchConsumerOptions<T>, deps: BatchApplierDeps): BatchApplier {
  const { group } = options;
  const { log, positions, stopping, telemetry } = deps;
  const now = telemetry.clock.now;
  const metrics = createMetrics(telemetry.registry, pipelineMetrics);
  const batchRecords = metrics.batchRecords.labels({ group });
  const applySeconds = metrics.applySeconds.labels({ group });
  const outcomes = createOutcomes(telemetry, group, options.topics);
  const patience = createPatience({ stopping, now, onChange: (change) => outcomes.dependency(change, log) });
  const parking = { group, producer: deps.producer, now, log, outcomes };
  const decodeNow = createDecoder<T>(deps.codecs);
  let storing: Promise<true | AppError> = Promise.resolve(true);

  const end = (error: AppError): never => {
    log.error({ err: error, code: error.code }, 'the sink cannot go on');
    deps.onFatal(error);
    throw ended;
  };

  /** False when the partition was lost meanwhile. */
  const park = async (record: TrackedRecord, error: AppError): Promise<boolean> => {
    if (error.kind === 'fatal') end(error);
    const attempt = () => settle(parkRecord(parking, record, error, 1), 'publish');
    const result = await patience.insist(attempt, () => record.lease.isOwned);
    return result instanceof AppError ? end(result) : result !== null;
  };

  /** The slow way of a record that did not decode at once; null when its partition was lost or we are stopping. */
  const insistOnDecoding = async (record: TrackedRecord): Promise<BatchItem<T> | null> => {
    const result = await patience.insist(
      async () => decodeNow(record),
      () => record.lease.isOwned,
    );
    if (result === null) return null;
    if (!(result instanceof AppError)) return { record, decoded: result };
    return (await park(record, result)) ? { record, decoded: null } : null;
  };

  const decode = async (records: readonly TrackedRecord[]): Promise<readonly BatchItem<T>[]> => {
    const items: BatchItem<T>[] = [];
    for (const record of records) {
      const decoded = decodeNow(record);
      const isDecoded = !(decoded instanceof Promise) && !(decoded instanceof AppError);
      const item = isDecoded ? { record, decoded } : await insistOnDecoding(record);
      if (item) items.push(item);
    }
    return items;
  };

  const store = async (items: readonly BatchItem<T>[]): Promise<true | AppError> => {
    const startedAt = now();
    const decoded = items.flatMap((item) => (item.decoded ? [item.decoded] : []));
    storing = settle(options.apply(decoded, progressOf(items, positions, deps.clusterId())), 'sink');
    const result = await storing;
    if (result !== true) return result;
    applySeconds.observe((now() - startedAt) / 1_000);
    batchRecords.observe(items.length);
    return true;
  };

  const stored = (items: readonly BatchItem<T>[], into: Set<TrackedRecord>): null => {
    for (const { record, decoded } of items) {
      into.add(record);
      if (record.lease.isOwned) positions.set(record.lease, record.offset + 1);
      if (decoded) outcomes.count(record, 'done', '');
    }
    return null;
  };

  /** Stores what is still ours, waiting for the store as long as it takes; null when nothing is left to store. */
  const storeOwned = async (items: readonly BatchItem<T>[], into: Set<TrackedRecord>): Promise<AppError | null> => {
    for (;;) {
      const owned = items.filter(({ record }) => record.lease.isOwned);
      if (owned.length === 0) return null;
      const isStillOurs = () => owned.every(({ record }) => record.lease.isOwned);
      const result = await patience.insist(() => store(owned), isStillOurs);
      if (result instanceof AppError) return result;
      if (result === true) return stored(owned, into);
      if (stopping.aborted) throw ended;
    }
  };

  const bring = async (items: readonly BatchItem<T>[], into: Set<TrackedRecord>): Promise<void> => {
    for (let tries = 1; ; tries++) {
      const error = await storeOwned(items, into);
      if (error === null) return;
      if (!isWorthAnotherTry(error, tries)) return split(items, error, into);
      await sleep(backOffDelay(betweenTries, tries), stopping);
    }
  };

  const split = async (items: readonly BatchItem<T>[], error: AppError, into: Set<TrackedRecord>): Promise<void> => {
    if (error.kind === 'fatal') end(error);
    const [only, ...others] = items;
    if (others.length > 0) {
      const middle = items.length >> 1;
      await bring(items.slice(0, middle), into);
      return bring(items.slice(middle), into);
    }
    if (!only) return;
    if (only.decoded === null) end(error);
    if (await park(only.record, error)) await bring([{ record: only.record, decoded: null }], into);
  };

  return {
    async apply(records) {
      const into = new Set<TrackedRecord>();
      try {
        await bring(await decode(records), into);
      } catch (error) {
        if (error !== ended) throw error;
      } finally {
        if (!stopping.aborted) patience.rest();
      }
      return into;
    },
    idle: async () => void (await storing),
    problem: patience.problem,
  };
}

const isWorthAnotherTry = (error: AppError, tries: number): boolean => error.kind === 'retryable' && tries < triesBeforeHalving;

/** True, or what it was rejected with. */
const settle = (work: Promise<unknown>, stage: ErrorStage): Promise<true | AppError> =>
  work.then(
    () => true as const,
    (cause: unknown) => classify(cause, stage),
  );

/** A class, not a literal: key and envelope are read from the record when a store asks for them. */
class Decoded<T extends Topic> implements DecodedRecord<T> {
  readonly topic: T;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly event: TopicEvents[T];
  readonly #record: TrackedRecord;

  constructor(record: TrackedRecord, event: TopicEvents[T]) {
    this.topic = record.topic as T;
    this.partition = record.partition;
    this.offset = record.offset;
    this.timestamp = record.timestamp;
    this.event = event;
    this.#record = record;
  }

  get key(): string {
    return this.#record.key?.toString('utf8') ?? '';
  }

  get envelope(): Envelope {
    return envelopeOf(this.#record);
  }
}

/** Decodes without waiting where the writer's schema is known. Returns errors instead of throwing them. */
function createDecoder<T extends Topic>(codecs: Codecs) {
  const decodedOf = (record: TrackedRecord, event: TopicEvents[T]): DecodedRecord<T> => new Decoded(record, event);
  return (record: TrackedRecord): DecodedRecord<T> | AppError | Promise<DecodedRecord<T> | AppError> => {
    try {
      const event = decodeRecord(codecs, record.topic as T, record);
      if (!(event instanceof Promise)) return decodedOf(record, event);
      return event.then(
        (late) => decodedOf(record, late),
        (cause: unknown) => classify(cause, 'decode'),
      );
    } catch (cause) {
      return classify(cause, 'decode');
    }
  };
}

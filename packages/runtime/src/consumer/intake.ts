/**
 * From fetched batches to handed-over records: skips what was admitted before, waits when full (heartbeating), pauses a partition whose
 * uncommitted span is too long or whose next record is not due. Where to read is decided in positions.ts.
 */
import type { KafkaMessage } from 'kafkajs';
import type { AppError } from '../errors/app-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { FetchedBatch } from './kafka-session.ts';
import type { AssignmentChange, Lease, OffsetTracker } from './offset-tracker.ts';
import { createPositions } from './positions.ts';
import type { ReadingMetrics } from './reading-metrics.ts';
import type { RecordHandler } from './record-consumer.ts';
import type { Room } from './room.ts';
import { createTrackedRecord, type TrackedRecord } from './tracked-record.ts';
import type { ConsumerLimits, TopicPartition } from './types.ts';

export type { TrackedRecord } from './tracked-record.ts';

export type IntakeOptions = {
  readonly limits: ConsumerLimits;
  readonly dueAt: ((record: TrackedRecord) => number) | null;
  readonly room: Room;
  readonly offsets: OffsetTracker;
  readonly metrics: ReadingMetrics;
  readonly log: Logger;
  readonly now: () => number;
  readonly handler: RecordHandler;
  readonly pause: (partition: TopicPartition) => void;
  readonly resume: (partition: TopicPartition) => void;
  readonly seek: (partition: TopicPartition, offset: number) => void;
  /** How often a waiting batch heartbeats. */
  readonly heartbeatMs?: number;
};

export type Intake = {
  assigned(change: AssignmentChange, signal: AbortSignal, onFatal: (error: AppError) => void): void;
  batch(batch: FetchedBatch): Promise<void>;
  outOfRange(partition: TopicPartition): void;
  isHeldBack(lease: Lease): boolean;
  /** Whether some partition is not fetched, because it is held back or because we are full. */
  isStalled(): boolean;
  /** A record of a held-back partition is done: perhaps it may go on. */
  freed(lease: Lease): void;
  tick(now: number): void;
  problem(): string | null;
  close(): void;
};

const defaultHeartbeatMs = 1_000;

export function createIntake(options: IntakeOptions): Intake {
  const { room, offsets, metrics, log, handler } = options;
  const positions = createPositions({
    offsets,
    metrics,
    log,
    seek: options.seek,
    startAt: handler.startAt ?? null,
    onReset: (lease) => handler.lost([lease]),
  });
  /** Held back until a time (epoch ms), or, with Infinity, until their span shrinks. */
  const heldBack = new Map<Lease, number>();
  let isClosed = false;

  const hold = (lease: Lease, until: number): void => {
    heldBack.set(lease, until);
    options.pause(lease);
  };
  const release = (lease: Lease): void => {
    heldBack.delete(lease);
    if (!isClosed) options.resume(lease);
  };

  /** Waits while heartbeating; false when the batch must be given up. */
  const waitFor = async (isReady: () => boolean, batch: FetchedBatch, lease: Lease): Promise<boolean> => {
    while (!isReady()) {
      handler.pump();
      await room.waitForRoom(options.heartbeatMs ?? defaultHeartbeatMs);
      if (isClosed || !lease.isOwned || batch.isStale()) return false;
      if (!isReady() && !(await batch.heartbeat())) return false;
    }
    return true;
  };

  const admit = async (lease: Lease, batch: FetchedBatch): Promise<void> => {
    for (let from = 0; from < batch.messages.length; ) {
      const { until, isFull } = admitSome(lease, batch, from);
      const last = batch.messages[until - 1];
      if (last) batch.resolve(Number(last.offset));
      if (!isFull || !(await waitFor(() => !room.isFull(), batch, lease))) return;
      from = until;
    }
  };

  /** Admits from index `from` on; `until` is the first message not dealt with. */
  const admitSome = (lease: Lease, batch: FetchedBatch, from: number): { readonly until: number; readonly isFull: boolean } => {
    const next = lease.tracker.next() ?? 0;
    for (let i = from; i < batch.messages.length; i++) {
      const record = createTrackedRecord(batch, batch.messages[i] as KafkaMessage, lease);
      if (record.offset < next) continue;
      if (room.isFull()) return { until: i, isFull: true };
      if (isClosed || mustHold(lease, record)) return { until: i, isFull: false };
      take(lease, record);
    }
    return { until: batch.messages.length, isFull: false };
  };

  const take = (lease: Lease, record: TrackedRecord): void => {
    record.ticket = lease.tracker.admit(record.offset, record.timestamp);
    room.take(record.bytes);
    handler.accept(record);
  };

  const mustHold = (lease: Lease, record: TrackedRecord): boolean => {
    const due = options.dueAt?.(record) ?? 0;
    if (due > options.now()) hold(lease, due);
    else if (lease.tracker.span() >= options.limits.maxSpan) hold(lease, Number.POSITIVE_INFINITY);
    else return false;
    return true;
  };

  return {
    assigned({ gained, lost }, signal, onFatal) {
      if (isClosed) for (const lease of gained) options.pause(lease);
      positions.forget(lost);
      for (const lease of lost) if (heldBack.has(lease)) release(lease);
      positions.begin(gained, signal, onFatal, room.wake);
    },
    async batch(batch) {
      const lease = offsets.lease(batch.topic, batch.partition);
      if (lease === null || isClosed || heldBack.has(lease)) return;
      metrics.fetched(lease, { from: batch.fetchedOffset, highWatermark: batch.highWatermark });
      if (positions.isStarting(lease) && !(await waitFor(() => !positions.isStarting(lease), batch, lease))) return;
      const current = positions.reconcile(lease, batch.fetchedOffset);
      if (current === null) return;
      await admit(current, batch);
      handler.pump();
    },
    outOfRange: positions.outOfRange,
    isHeldBack: (lease) => heldBack.size > 0 && heldBack.has(lease),
    isStalled: () => heldBack.size > 0 || room.isFull(),
    freed(lease) {
      if (heldBack.get(lease) === Number.POSITIVE_INFINITY && lease.tracker.span() < options.limits.maxSpan / 2) release(lease);
    },
    tick(now) {
      for (const [lease, until] of heldBack) if (until <= now) release(lease);
    },
    problem: () => (positions.anyStarting() ? 'waiting to know where to begin' : null),
    close() {
      if (isClosed) return;
      isClosed = true;
      for (const lease of offsets.leases()) options.pause(lease);
      room.wake();
    },
  };
}

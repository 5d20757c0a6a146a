/**
 * Where each lease must be read next, and what to do when a fetch begins elsewhere: skip what is in hand, go where the handler wants to begin, take
 * a gap as it is and say so, begin anew when the log was reset under us: where the handler decides that, it is asked again before anything of the
 * new log is handed over, and may refuse it.
 */
import type { AppError } from '../errors/app-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Lease, OffsetTracker } from './offset-tracker.ts';
import type { ReadingMetrics } from './reading-metrics.ts';
import { askWhereToBegin, type StartAt } from './starting.ts';
import type { TopicPartition } from './types.ts';

/** What we know of a lease beyond its offsets. */
type Position = {
  isStarting: boolean;
  /** Where the handler wants to begin; null once we are there. */
  wanted: number | null;
  /** Where the handler said to begin, also once we are there; null when it was not asked. */
  begin: number | null;
  hasSought: boolean;
  /** kafkajs said that our position was outside the log. */
  wasOutOfRange: boolean;
};

type Asking = {
  readonly startAt: StartAt;
  readonly signal: AbortSignal;
  readonly onFatal: (error: AppError) => void;
  readonly onKnown: () => void;
};

export type PositionsOptions = {
  readonly offsets: OffsetTracker;
  readonly metrics: Pick<ReadingMetrics, 'gap' | 'outOfRange'>;
  readonly log: Logger;
  readonly seek: (partition: TopicPartition, offset: number) => void;
  readonly startAt: StartAt | null;
  /** The lease ended because its log was reset. */
  readonly onReset: (lease: Lease) => void;
};

export type Positions = {
  /** Asks where to begin; `onKnown` is called when it is known. */
  begin(leases: readonly Lease[], signal: AbortSignal, onFatal: (error: AppError) => void, onKnown: () => void): void;
  isStarting(lease: Lease): boolean;
  /** The lease to read under from here, or null when kafkajs was sent elsewhere. */
  reconcile(lease: Lease, fetchedOffset: number): Lease | null;
  outOfRange(partition: TopicPartition): void;
  forget(leases: readonly Lease[]): void;
  anyStarting(): boolean;
  /** Leases that something is known of. */
  size(): number;
};

export function createPositions({ offsets, metrics, log, seek, startAt, onReset }: PositionsOptions): Positions {
  const positions = new Map<Lease, Position>();
  let starting = 0;
  /** How the handler is asked; null when it is not. */
  let asking: Asking | null = null;

  const positionOf = (lease: Lease): Position => {
    const known = positions.get(lease);
    if (known) return known;
    const made = { isStarting: false, wanted: null, begin: null, hasSought: false, wasOutOfRange: false };
    positions.set(lease, made);
    return made;
  };

  const noteGap = ({ topic, partition }: Lease, expected: number, found: number): void => {
    if (found <= expected) return;
    const count = found - expected;
    metrics.gap(topic, count);
    log.error(
      { code: 'LOG_GAP', topic, partition, fromOffset: expected, nextOffset: found, count },
      'records are gone from the log before they were read',
    );
  };

  const goTo = (lease: Lease, position: Position, fetchedOffset: number, wanted: number): Lease | null => {
    if (!position.hasSought || fetchedOffset < wanted) {
      position.hasSought = true;
      seek(lease, wanted);
      return null;
    }
    noteGap(lease, wanted, fetchedOffset);
    position.wanted = null;
    return lease;
  };

  const afterReset = (lease: Lease, position: Position, fetchedOffset: number, expected: number | null): Lease | null => {
    position.wasOutOfRange = false;
    position.wanted = null;
    if (expected === null || fetchedOffset >= expected) {
      if (expected !== null) noteGap(lease, expected, fetchedOffset);
      return lease;
    }
    positions.delete(lease);
    const renewed = offsets.renew(lease);
    onReset(lease);
    if (asking === null) return renewed;
    begin([renewed], asking);
    return null;
  };

  const begin = (leases: readonly Lease[], by: Asking): void => {
    starting++;
    for (const lease of leases) positionOf(lease).isStarting = true;
    void askWhereToBegin(leases, by.startAt, { ...by, log }).then((answers) => {
      for (const lease of leases) answered(lease, answers.get(lease) ?? null);
      starting--;
      by.onKnown();
    });
  };

  const answered = (lease: Lease, offset: number | null): void => {
    const position = positions.get(lease);
    if (position === undefined) return; // lost and forgotten meanwhile
    position.isStarting = false;
    position.wanted = position.begin = offset;
    // At once: where the group has committed everything no batch comes that `reconcile` could send elsewhere.
    if (offset !== null && lease.isOwned) seek(lease, offset);
  };

  return {
    begin(leases, signal, onFatal, onKnown) {
      asking = startAt && { startAt, signal, onFatal, onKnown };
      if (asking && leases.length > 0) begin(leases, asking);
    },
    isStarting: (lease) => positions.get(lease)?.isStarting ?? false,
    reconcile(lease, fetchedOffset) {
      const position = positionOf(lease);
      const expected = position.wanted ?? lease.tracker.next() ?? position.begin;
      if (position.wasOutOfRange) return afterReset(lease, position, fetchedOffset, expected);
      if (position.wanted === null) return lease;
      if (fetchedOffset !== position.wanted) return goTo(lease, position, fetchedOffset, position.wanted);
      position.wanted = null;
      return lease;
    },
    outOfRange({ topic, partition }) {
      metrics.outOfRange(topic);
      log.error({ code: 'LOG_GAP', topic, partition }, 'our position is outside the log; going on from its first record');
      const lease = offsets.lease(topic, partition);
      if (lease) positionOf(lease).wasOutOfRange = true;
    },
    forget: (leases) => {
      for (const lease of leases) positions.delete(lease);
    },
    anyStarting: () => starting > 0,
    size: () => positions.size,
  };
}
